import { notAPair } from '../../../base/errors/rdd.js'
import { RecordError, type RecordOrigin } from '../../../base/record-error.js'
import { failOnRecord, type RecordErrorHandler } from '../../plan/record-policy.js'
import { iterableOf } from '../../plan/iterables.js'
import { Cursor } from '../cursor.js'
import type { Pass } from '../../plan/evaluation.js'
import { compiledLoop, type CompiledLoop, type LoopState } from './cache.js'
import { sinkFunctions, type SinkShape } from './sink.js'
import { takesPairs, type Shape } from './source.js'
import { PairColumns } from '../pair-columns.js'
import { stepOf, type AnyFunction, type LoopInput, type LineageNode } from '../../plan/lineage.js'
import { isFull, type LoopSink } from '../loop-sink.js'

/**
 * The most records of one call of a loop; the first calls of a new loop take fewer. V8 optimises a function as a whole once
 * it is called often. A loop that runs long in its first call is optimised while it runs instead, before V8 knows the code
 * after it, or that its accumulator is a number.
 */
const LONGEST_RUN = 65_536
const FIRST_RUN = 64

/**
 * Runs a chain of steps and its sink as one generated loop. The only calls are those of the user's functions, which V8
 * inlines. The result is that of {@link Interpreter}.
 */
export class FusedLoop implements Pass {
  readonly #inputShape: Shape['input']
  readonly #input: unknown
  /** The number of records of an indexed input. */
  readonly #size: number | undefined
  readonly #functions: readonly AnyFunction[]
  readonly #policy: RecordErrorHandler
  #loop: CompiledLoop
  #sinkShape: SinkShape
  readonly #state: LoopState

  constructor(
    input: LoopInput,
    readonly steps: readonly LineageNode[],
    readonly sink: LoopSink,
    policy: RecordErrorHandler,
  ) {
    this.#policy = policy
    this.#inputShape = Array.isArray(input) ? 'array' : input instanceof PairColumns ? 'columns' : 'iterator'
    this.#input = this.#inputShape === 'iterator' ? input[Symbol.iterator]() : input
    this.#size = Array.isArray(input) ? input.length : input instanceof PairColumns ? input.size : undefined
    this.#sinkShape = sinkShape(sink)
    this.#functions = [
      ...steps.map((step) => stepOf(step).f),
      ...sinkFunctions[this.#sinkShape].map((name) => (sink as never)[name] as AnyFunction),
    ]
    this.#loop = this.#compiled()
    this.#state = this.#loop.state()
  }

  advance(budget: number): number {
    const state = this.#state
    while (budget > 0) {
      if (this.#done()) return this.#finish(budget)
      // The first record of a reduce starts its accumulator; after it, the reduce is a fold.
      const size =
        this.#sinkShape === 'reduce' ? 1 : Math.min(budget, LONGEST_RUN, FIRST_RUN << Math.min(this.#loop.runs++, 20))
      this.#run(size)
      budget -= size - Math.max(state.left, 0)
      const shape = sinkShape(this.sink)
      if (shape !== this.#sinkShape) {
        this.#sinkShape = shape
        this.#loop = this.#compiled()
      }
    }
    return this.#done() ? this.#finish(1) : 0
  }

  #run(size: number): void {
    const state = this.#state
    const end = this.#size === undefined ? 0 : Math.min(this.#size, state.i + size)
    const { loop, bound } = this.#loop
    if (bound) loop(this.#input, state.i, end, size, state, this.sink, this)
    else loop(this.#input, state.i, end, size, state, this.sink, this, ...this.#functions)
  }

  #done(): boolean {
    if (isFull(this.sink)) return true
    return this.#size === undefined ? this.#state.done : this.#state.i >= this.#size
  }

  #finish(left: number): number {
    this.#close()
    const state = this.#state
    this.steps.forEach((step, s) => {
      const [taken, given] = this.#loop.counters[s]!
      step.taken += state[`n${taken}`] as number
      step.given += state[`n${given}`] as number
    })
    return left
  }

  /** Closes all open iterators, the innermost first. */
  #close(): void {
    const state = this.#state
    for (let d = this.steps.length; d > 0; d--) (state[`c${d}`] as Cursor | undefined)?.close()
    if (this.#size === undefined && !state.done) (this.#input as Iterator<unknown>).return?.()
  }

  #compiled(): CompiledLoop {
    return compiledLoop(
      {
        input: this.#inputShape,
        ops: this.steps.map((step) => stepOf(step).op),
        sink: this.#sinkShape,
        safe: this.#policy !== undefined,
      },
      this.#functions,
    )
  }

  /** Called by a loop that leaves no record out, when a function threw. `x` and `y` are the two halves of a pair. */
  fail(at: number, x: unknown, y: unknown, cause: unknown): never {
    this.#close()
    const origin = this.#origin(at)
    const ofPair =
      origin !== undefined && takesPairs(at < this.steps.length ? stepOf(this.steps[at]!).op : this.#sinkShape)
    if (origin !== undefined) failOnRecord(origin, ofPair ? [x, y] : x, cause, undefined)
    throw cause
  }

  /** Called by a safe loop when a function threw. Returns if the record is left out. */
  bad(at: number, record: unknown, cause: unknown): void {
    failOnRecord(this.#origin(at)!, record, cause, this.#policy)
  }

  /** Called by the loop for a record that is no pair. */
  noPair(at: number, record: unknown): never {
    const origin = this.#origin(at)!
    const error = notAPair(origin.operator, record)
    throw this.#policy === undefined ? new RecordError(origin, record, error) : error
  }

  /** Called by the loop for a flatMap result that is no array. */
  open(at: number, value: unknown): Cursor {
    return new Cursor(iterableOf(this.#origin(at)!, value))
  }

  #origin(at: number): RecordOrigin | undefined {
    if (at >= 0 && at < this.steps.length) return this.steps[at]
    return at === this.steps.length && 'origin' in this.sink ? this.sink.origin : undefined
  }
}

function sinkShape(sink: LoopSink): SinkShape {
  switch (sink.kind) {
    case 'reduce':
      return !sink.has ? 'reduce' : typeof sink.acc === 'number' ? 'foldNumber' : 'fold'
    case 'fold':
      return typeof sink.acc === 'number' ? 'foldNumber' : 'fold'
    case 'combine':
      if (sink.integers !== undefined) return sink.create === undefined ? 'combineIntegers' : 'combineIntoIntegers'
      return sink.create === undefined ? 'combine' : 'combineInto'
    default:
      return sink.kind
  }
}
