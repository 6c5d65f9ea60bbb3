import type { LoopSink } from '../loop-sink.js'
import { isObject, isPromise } from './step.js'

/**
 * The variants of generated sinks. `foldNumber` tells V8 that the accumulator is a number from the first record on: it then
 * stays in a register, where it would be a new heap number per record. `combineInto` has combiners that may change in
 * place. The two variants for integers end at the first other key. `combineOne` and `combineOneNumber` fold a table that has one
 * key, and end at the second.
 */
export type SinkShape = Exclude<LoopSink['kind'], 'combine'> | 'foldNumber' | CombineShape
type CombineShape =
  'combine' | 'combineInto' | 'combineIntegers' | 'combineIntoIntegers' | 'combineOne' | 'combineOneNumber'

/** The functions of the sink, which follow those of the steps among the parameters of the loop. */
export const sinkFunctions: Readonly<
  Record<SinkShape, readonly ('f' | 'create' | 'merge' | 'copyKey' | 'partitionOf')[]>
> = {
  collect: [],
  take: [],
  count: [],
  foreach: ['f'],
  fold: ['f'],
  foldNumber: ['f'],
  reduce: ['f'],
  combine: ['merge', 'copyKey'],
  combineInto: ['merge', 'create', 'copyKey'],
  combineIntegers: ['merge', 'copyKey'],
  combineIntoIntegers: ['merge', 'create', 'copyKey'],
  combineOne: ['merge'],
  combineOneNumber: ['merge'],
  bucket: ['partitionOf'],
}

/** The statements before the loop. */
export const openSink: Readonly<Record<SinkShape, string>> = {
  // V8 boxes every number that it stores by `push` here, and none that it stores at an index of its own.
  collect: 'const out = sink.out; let size = out.length',
  take: 'const out = sink.out, limit = sink.limit',
  count: '',
  foreach: '',
  fold: 'let acc = sink.acc',
  foldNumber: 'let acc = +sink.acc',
  reduce: 'let acc = sink.acc, has = sink.has',
  combine: 'const map = sink.map, own = sink.own',
  combineInto: 'const map = sink.map',
  combineIntegers: 'const map = sink.map, own = sink.own; let integers = sink.integers',
  combineIntoIntegers: 'const map = sink.map; let integers = sink.integers',
  combineOne: 'const one = sink.one; let key = one.key, acc = one.acc',
  combineOneNumber: 'const one = sink.one; let key = one.key, acc = +one.acc',
  bucket: 'const buckets = sink.buckets',
}

/** The statements after the loop. */
export const closeSink: Readonly<Record<SinkShape, string>> = {
  collect: '',
  take: '',
  // The writer of the loop adds the count of the last step itself.
  count: '',
  foreach: '',
  fold: 'sink.acc = acc',
  foldNumber: 'sink.acc = acc',
  reduce: 'sink.acc = acc; sink.has = has',
  combine: '',
  combineInto: '',
  combineIntegers: '',
  combineIntoIntegers: '',
  combineOne: 'one.acc = acc',
  combineOneNumber: 'one.acc = acc',
  bucket: '',
}

/**
 * Looks the key up as given. A hit needs no canonical form, nor do strings and numbers; only compound keys go through
 * `keyOf`.
 */
function readPair(r: string) {
  return `let k = ${r}[0], old = map.get(k)
  if (old === undefined && typeof k !== 'string' && typeof k !== 'number') { k = keyOf(k); old = map.get(k) }
  const v = ${r}[1]`
}

/**
 * Puts pairs into an integer table while all keys are 32-bit integers, four times as fast as a Map. The first other key
 * moves them to the Map and ends this loop. Where that record is left out because a function threw on it, this loop
 * continues with the Map.
 */
function intoIntegers(r: string, create: string, other: string, end: string) {
  return `if (integers !== undefined && isInteger(${r}[0])) {
    const place = integers.find(${r}[0])
    if (place < 0) ${create}
    else {
      const c = merge(integers.values[place], ${r}[1])
      ${refuse('c')}
      integers.values[place] = c
    }
  } else { mapOf(sink); integers = undefined; ${other}; ${end} }`
}

/**
 * Folds into a local variable while the key is the only one of the table. Another key ends the loop, and no key is equal to
 * the object that `key` is from then on.
 */
function intoOne(r: string, end: string) {
  return `if (${r}[0] === key) {
    const c = merge(acc, ${r}[1])
    ${refuse('c')}
    acc = c
  } else {
    if (key !== one) { one.acc = acc; key = one }
    h.combine(${r}[0], ${r}[1])
    ${end}
  }`
}

/** Refuses a promise that a function of the sink has returned. */
function refuse(result: string): string {
  return `if (${isPromise(result)}) h.promise(undefined, ${result})`
}

/** Returns the value of a new key, or a copy of its own where it can be changed, as an expression. */
function own(value: string): string {
  return `(${isObject(value)} && own !== undefined ? own(${value}) : ${value})`
}

/** Delivers one record to the sink. `end` is the statement that ends the loop behind the record. */
export const deliver: Readonly<Record<SinkShape, (record: string, end: string) => string>> = {
  collect: (r) => `out[size++] = ${r}`,
  // Counts the record that fills the sink as used, and ends the loop.
  take: (r, end) => `out.push(${r})\nif (out.length >= limit) { ${end} }`,
  count: () => '',
  foreach: (r) => `{ const t = f(${r}); ${refuse('t')} }`,
  fold: (r) => `{ const t = f(acc, ${r}); ${refuse('t')}; acc = t }`,
  foldNumber: (r) => `{ const t = f(acc, ${r}); ${refuse('t')}; acc = t }`,
  reduce: (r) => `if (has) { const t = f(acc, ${r}); ${refuse('t')}; acc = t } else { acc = h.own(${r}); has = true }`,
  bucket: (r) => `buckets[partitionOf(${r}[0])].push(${r})`,
  // Takes a missing key for new, without a second lookup. Where the Map does not grow, the key was there with `undefined`.
  combine: (r) => `${readPair(r)}
    if (old !== undefined) { const c = merge(old, v); ${refuse('c')}; map.set(k, c) }
    else {
      const size = map.size
      map.set(copyKey(k), ${own('v')})
      if (map.size === size) { map.set(k, old); const c = merge(old, v); ${refuse('c')}; map.set(k, c) }
    }`,
  // A combiner changed in place is in the map already. (−0 is compared equal to 0, yet is another value.)
  combineInto: (r) => `${readPair(r)}
    if (old === undefined && !map.has(k)) { const c = create(v); ${refuse('c')}; map.set(copyKey(k), c) }
    else { const c = merge(old, v); if (c !== old || c === 0) { ${refuse('c')}; map.set(k, c) } }`,
  combineIntegers: (r, end) =>
    intoIntegers(r, `integers.add(${r}[0], ${own(`${r}[1]`)})`, deliver.combine(r, end), end),
  combineOne: intoOne,
  combineOneNumber: intoOne,
  combineIntoIntegers: (r, end) =>
    intoIntegers(
      r,
      `{ const c = create(${r}[1]); ${refuse('c')}; integers.add(${r}[0], c) }`,
      deliver.combineInto(r, end),
      end,
    ),
}
