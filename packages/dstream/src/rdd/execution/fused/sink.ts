import type { LoopSink } from '../loop-sink.js'

/**
 * How a sink is written. `foldNumber` tells V8 that the accumulator is a number from the first record on: it then stays
 * in a register, where it would be a new heap number per record. `combineInto` has combiners that change in place. The two
 * for integers are left at the first other key.
 */
export type SinkShape = Exclude<LoopSink['kind'], 'combine'> | 'foldNumber' | CombineShape
type CombineShape = 'combine' | 'combineInto' | 'combineIntegers' | 'combineIntoIntegers'

/** Which parameters of the loop are functions of the sink: after those of the steps. */
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
  bucket: ['partitionOf'],
}

/** What comes before the loop. */
export const openSink: Readonly<Record<SinkShape, string>> = {
  collect: 'const out = sink.out',
  take: 'const out = sink.out, limit = sink.limit',
  count: '',
  foreach: '',
  fold: 'let acc = sink.acc',
  foldNumber: 'let acc = +sink.acc',
  reduce: 'let acc = sink.acc, has = sink.has',
  combine: 'const map = sink.map',
  combineInto: 'const map = sink.map',
  combineIntegers: 'const map = sink.map; let integers = sink.integers',
  combineIntoIntegers: 'const map = sink.map; let integers = sink.integers',
  bucket: 'const buckets = sink.buckets',
}

/** What comes after it. */
export const closeSink: Readonly<Record<SinkShape, string>> = {
  collect: '',
  take: '',
  // What the last step gave has been counted already.
  count: '',
  foreach: '',
  fold: 'sink.acc = acc',
  foldNumber: 'sink.acc = acc',
  reduce: 'sink.acc = acc; sink.has = has',
  combine: '',
  combineInto: '',
  combineIntegers: '',
  combineIntoIntegers: '',
  bucket: '',
}

/**
 * The entry of a pair's key. What is in the map is a key as it is; of the rest, strings and numbers are, and the call is
 * for what remains.
 */
function readPair(r: string) {
  return `let k = ${r}[0], old = map.get(k)
  if (old === undefined && typeof k !== 'string' && typeof k !== 'number') { k = keyOf(k); old = map.get(k) }
  const v = ${r}[1]`
}

/**
 * Whole numbers are found in a quarter of the time of a Map; the first other key, and all after it, go to the Map. Where that
 * key is left out because a function threw on it, the loop goes on, without the table.
 */
function intoIntegers(r: string, create: string, other: string, end: string) {
  return `if (integers !== undefined && isInteger(${r}[0])) {
    const place = integers.find(${r}[0])
    if (place < 0) integers.add(${r}[0], ${create})
    else integers.values[place] = merge(integers.values[place], ${r}[1])
  } else { mapOf(sink); integers = undefined; ${other}; ${end} }`
}

/** One record into the sink; `end` ends the loop and leaves the record behind. */
export const deliver: Readonly<Record<SinkShape, (record: string, end: string) => string>> = {
  collect: (r) => `out.push(${r})`,
  // The record that fills the sink has been used, and ends the loop.
  take: (r, end) => `out.push(${r})\nif (out.length >= limit) { ${end} }`,
  count: () => '',
  foreach: (r) => `f(${r})`,
  fold: (r) => `acc = f(acc, ${r})`,
  foldNumber: (r) => `acc = f(acc, ${r})`,
  reduce: (r) => `if (has) acc = f(acc, ${r}); else { acc = ${r}; has = true }`,
  bucket: (r) => `buckets[partitionOf(${r}[0])].push(${r})`,
  // What is not there is taken for new, without a second look, unless the Map does not grow: then it is undefined.
  combine: (r) => `${readPair(r)}
    if (old !== undefined) map.set(k, merge(old, v))
    else {
      const size = map.size
      map.set(copyKey(k), v)
      if (map.size === size) { map.set(k, old); map.set(k, merge(old, v)) }
    }`,
  // A combiner that was changed in place is in the map already. (−0 equals 0, yet is another value.)
  combineInto: (r) => `${readPair(r)}
    if (old === undefined && !map.has(k)) map.set(copyKey(k), create(v))
    else { const c = merge(old, v); if (c !== old || c === 0) map.set(k, c) }`,
  combineIntegers: (r, end) => intoIntegers(r, `${r}[1]`, deliver.combine(r, end), end),
  combineIntoIntegers: (r, end) => intoIntegers(r, `create(${r}[1])`, deliver.combineInto(r, end), end),
}
