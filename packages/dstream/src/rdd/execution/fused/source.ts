import type { StepOp } from '../../plan/lineage.js'
import { INDEXED, OPEN_INPUT, READ, type InputShape } from './input.js'
import { applyStep, hasPromise } from './step.js'
import { closeSink, deliver, openSink, sinkFunctions, type SinkShape } from './sink.js'

/** The properties that determine the text of a loop, apart from its functions. */
export interface Shape {
  readonly input: InputShape
  readonly ops: readonly StepOp[]
  readonly sink: SinkShape
  /** True when every call has a `try` of its own, so that a record on which it throws can be left out. */
  readonly safe: boolean
}

function expands(op: StepOp | undefined) {
  return op === 'flatMap' || op === 'flatMapValues'
}
/** Returns whether a step needs a counter of its own. In a safe loop every step can lose a record. */
function changesCount(op: StepOp | undefined, safe: boolean) {
  return op === 'filter' || expands(op) || safe
}

const pairOps: ReadonlySet<string> = new Set([
  'mapValues',
  'flatMapValues',
  'keys',
  'values',
  'combine',
  'combineInto',
  'combineIntegers',
  'combineIntoIntegers',
  'combineOne',
  'combineOneNumber',
  'bucket',
])
/** Returns whether a step or a sink takes only pairs. */
export function takesPairs(op: StepOp | SinkShape): boolean {
  return pairOps.has(op)
}

/** Returns, for each step, the index of the counter of records in and of that of records out. */
export function counterIndexes(shape: Shape): readonly (readonly [taken: number, given: number])[] {
  let last = 0
  return shape.ops.map((op) => {
    const taken = last
    if (changesCount(op, shape.safe)) last++
    return [taken, last] as const
  })
}

/**
 * Returns the loop as JavaScript. Its functions are constants of it when they are `bound`, else its last parameters. It runs
 * from `i` to `end` of an indexed input (or over `left` items of an iterator), or until `left` items of its flatMaps are
 * used, and stores in `p` where to continue. `at` and `x` identify the running function and its record. They are plain
 * constants and locals, so that naming a failing function costs nothing until it fails. The statements after the loop
 * stay outside of the `try`: inside, `x` would have to be a heap object in every iteration.
 */
export function loopSource(shape: Shape, bound: boolean): string {
  return new LoopWriter(shape).text(bound ? [] : functionNames(shape))
}

/** Returns the names of the functions of the steps and of the sink within the loop. */
export function functionNames({ ops, sink }: Shape): string[] {
  return [...ops.map((_, s) => `f${s}`), ...sinkFunctions[sink]]
}

class LoopWriter {
  readonly #shape: Shape
  readonly #counters: readonly (readonly [number, number])[]
  readonly #levels: number
  #names = 0

  constructor(shape: Shape) {
    this.#shape = shape
    this.#counters = counterIndexes(shape)
    this.#levels = shape.ops.filter(expands).length
  }

  text(parameters: readonly string[]): string {
    const { sink } = this.#shape
    const numbers = (this.#counters.at(-1)?.[1] ?? 0) + 1
    const counts = Array.from({ length: numbers }, (_, n) => `n${n}`)
    const levels = Array.from({ length: this.#levels }, (_, level) => level + 1)
    const plain = this.#levels === 0 && this.#indexed
    const saved = levels.flatMap((d) => [`xs${d}`, `j${d}`, `c${d}`, `g${d}`])
    const innermost = this.#levels
    return `
${sink === 'collect' ? 'fresh: () => [],' : ''}
state: () => ({ i: 0, left: 0, done: false, ${[...counts.map((n) => `${n}: 0`), ...saved.map((v) => `${v}: ${v.startsWith('j') ? 0 : undefined}`)].join(', ')} }),
loop(input, from, until, budget, ${['p', 'sink', 'h', ...parameters].join(', ')}) {
  let at = -1, x, y, i = from | 0, left = budget | 0
  const end = until | 0
  ${this.#openInput()}
  let ${counts.map((n) => `${n} = 0`).join(', ')}
  ${saved.length === 0 ? '' : `let ${saved.map((v) => `${v} = p.${v}`).join(', ')}, counted = j${innermost}`}
  ${openSink[sink]}
  try {
    all: ${this.#outer()}
  } catch (e) {
    ${saved.map((v) => `p.${v} = ${v}`).join('; ')}
    h.fail(at, x, y, e)
  }
  ${innermost === 0 ? '' : this.#countExpanded()}
  ${sink === 'count' ? `sink.n += ${plain && numbers === 1 ? 'i - from' : counts.at(-1)}` : closeSink[sink]}
  ${counts.map((n) => `p.${n} += ${n}`).join('; ')}
  ${saved.map((v) => `p.${v} = ${v}`).join('; ')}
  ${plain ? 'p.n0 += i - from; p.left = budget - (i - from)' : 'p.left = left'}
  p.i = i
}`
  }

  get #indexed(): boolean {
    return this.#shape.input !== 'iterator'
  }

  #openInput(): string {
    return OPEN_INPUT[this.#shape.input]
  }

  /** Returns the expression for the record at `i`. */
  #read(): string {
    return READ[this.#shape.input]
  }

  /** Writes the loop over the partition itself. */
  #outer(): string {
    if (this.#levels === 0) {
      return this.#indexed
        ? // Compares with the length first: V8 then reads without a bounds check.
          `for (; i < ${INDEXED[this.#shape.input]}.length; i++) {
            if (i === end) break
            const r0 = ${this.#read()}
            ${this.#steps(0, 'r0', NEXT_ROUND)}
            ${CLEAR_ORIGIN}
          }`
        : `for (; left > 0; left = left - 1 | 0) {
            ${this.#pull()}
            ${this.#steps(0, 'r0', NEXT_ROUND)}
            ${CLEAR_ORIGIN}
          }`
    }
    const indexed = this.#indexed
    const next = indexed ? `const r0 = ${this.#read()}; n0 = n0 + 1 | 0; left = left - 1 | 0` : this.#pull()
    return `while (${indexed ? 'i < end' : 'true'}) {
      if (xs1 === undefined) {
        ${indexed ? '' : 'if (left <= 0) break all; left = left - 1 | 0'}
        ${next}
        ${this.#untilExpand(0, 'r0', `{ ${CLEAR_ORIGIN}; ${indexed ? 'i++; ' : ''}continue all }`)}
      }
      ${this.#expand(1)}
      ${indexed ? 'i++' : ''}
    }`
  }

  #pull(): string {
    return `at = -1
      const item = input.next()
      if (item.done === true) { p.done = true; break all }
      const r0 = item.value
      n0 = n0 + 1 | 0`
  }

  /** Writes the steps from `s` on and the sink, for a chain, or the end of a chain, without flatMap. */
  #steps(s: number, record: string, skip: string): string {
    if (s === this.#shape.ops.length) return this.#deliver(record, skip)
    const [text, result] = this.#step(s, record, skip)
    return `${text}\n${this.#steps(s + 1, result, skip)}`
  }

  /** Writes the steps from `s` on up to the next flatMap, which opens its level. */
  #untilExpand(s: number, record: string, skip: string): string {
    if (!expands(this.#shape.ops[s])) {
      const [text, result] = this.#step(s, record, skip)
      return `${text}\n${this.#untilExpand(s + 1, result, skip)}`
    }
    const d = this.#levelOf(s)
    const open = (call: string) =>
      `xs${d} = ${call}
       ${this.#rewind(d)}
       g${d} = ${record}
       if (!isArray(xs${d})) { c${d} = h.open(${s}, xs${d}); xs${d} = c${d}.next() }`
    const pair = this.#takesPairs(s)
    const undo = `xs${d} = undefined; c${d} = undefined; `
    return this.#call(s, record, open(pair ? `f${s}(${record}[1])` : `f${s}(${record})`), `{ ${undo}${skip} }`)
  }

  /** Writes the loop over the result of the flatMap of a level. */
  #expand(d: number): string {
    const s = this.#stepOf(d)
    const record = this.#name()
    const last = d === this.#levels
    const refill = this.#call(s, `g${d}`, `xs${d} = c${d}.next(); ${this.#rewind(d)}`, `{ c${d} = undefined; break }`)
    const item = this.#takesPairs(s) ? this.#name() : record
    const read = `const ${item} = xs${d}[j${d}]
        if (${hasPromise(item)}) { h.promiseItem(${s}, g${d}, ${item}, xs${d}); ${NEXT_ROUND} }
        ${item === record ? '' : `const ${record} = [g${d}[0], ${item}]`}`
    const inner = last
      ? `if (j${d} === stop) break all
        ${read}
        ${this.#steps(s + 1, record, NEXT_ROUND)}`
      : `if (xs${d + 1} === undefined) {
          if (left <= 0) break all
          left = left - 1 | 0
          ${count(this.#counters[s]![1])}
          ${read}
          ${this.#untilExpand(s + 1, record, NEXT_ROUND)}
        }
        ${this.#expand(d + 1)}`
    return `while (true) {
      ${last ? `counted = j${d}\nconst stop = left > 0 ? counted + left | 0 : counted` : ''}
      for (; j${d} < xs${d}.length; j${d}++) {
        ${inner}
        ${CLEAR_ORIGIN}
      }
      ${last ? this.#countExpanded() : ''}
      if (c${d} === undefined) break
      ${refill}
      if (xs${d}.length === 0) break
    }
    xs${d} = undefined; c${d} = undefined`
  }

  /** Moves to the first of a new chunk of items. */
  #rewind(d: number): string {
    return `j${d} = 0${d === this.#levels ? '; counted = 0' : ''}`
  }

  /** Counts the items of the innermost flatMap since the last count. Counting one by one would cost more than a step. */
  #countExpanded(): string {
    const d = this.#levels
    const given = `n${this.#counters[this.#stepOf(d)]![1]}`
    return `left = left - (j${d} - counted) | 0
      ${given} = ${given} + (j${d} - counted) | 0
      counted = j${d}`
  }

  /** Writes a step with at most one result. Returns its text and the variable that holds the result. */
  #step(s: number, record: string, skip: string): readonly [text: string, result: string] {
    const op = this.#shape.ops[s]!
    const [taken, given] = this.#counters[s]!
    const counted = taken === given ? '' : count(given)
    const result = this.#name()
    const declared = op === 'mapValues' ? `${result}v, ${result}` : result
    const call = this.#call(s, record, applyStep(op, s, record, result), skip, declared)
    if (op === 'tap') return [`${call}\n${counted}`, record]
    if (op === 'filter') return [`${call}\nif (!${result}) ${skip}\n${counted}`, record]
    return [`${call}\n${counted}`, result]
  }

  #deliver(record: string, skip: string): string {
    const { ops, sink } = this.#shape
    const s = ops.length
    const used = this.#levels > 0 ? `j${this.#levels}++; ` : this.#indexed ? 'i++; ' : ''
    const text = deliver[sink](record, `${used}break all`)
    return sinkFunctions[sink].length > 0 ? this.#call(s, record, text, skip) : text
  }

  /**
   * Wraps the call of a user's function, which assigns to the variables `results`, so that an error names operator and record. A pair is
   * recorded by its two halves: recording the array itself would force V8 to allocate one for every record.
   */
  #call(s: number, record: string, text: string, skip: string, results?: string): string {
    const pair = this.#takesPairs(s)
    const check = pair ? `if (!isArray(${record}) || ${record}.length !== 2) h.noPair(${s}, ${record})\n` : ''
    if (!this.#shape.safe) {
      const recorded = pair ? `x = ${record}[0]; y = ${record}[1]` : `x = ${record}`
      return `${check}at = ${s}; ${recorded}\n${results === undefined ? '' : 'const '}${text}`
    }
    const declared = results === undefined ? '' : `let ${results}\n`
    return `${declared}try { ${check}${text} } catch (e) { h.bad(${s}, ${record}, e); ${skip} }`
  }

  #takesPairs(s: number): boolean {
    const { ops, sink } = this.#shape
    return takesPairs(ops[s] ?? sink)
  }

  #name(): string {
    return `r${++this.#names}`
  }
  #levelOf(s: number): number {
    return this.#shape.ops.slice(0, s + 1).filter(expands).length
  }
  #stepOf(d: number): number {
    return this.#shape.ops.findIndex((op, s) => expands(op) && this.#levelOf(s) === d)
  }
}

/** Clears the origin at the loop's back edge: V8's interrupt check there would otherwise keep it alive in every iteration. */
const CLEAR_ORIGIN = 'at = -1; x = undefined; y = undefined'
const NEXT_ROUND = `{ ${CLEAR_ORIGIN}; continue }`

/** Increments a counter. Within a slice no count comes near 2^31, and `| 0` spares V8 an overflow check. */
function count(n: number) {
  return `n${n} = n${n} + 1 | 0`
}
