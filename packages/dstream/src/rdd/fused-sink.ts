import type { Sink } from './sink.js'

/**
 * How a sink is written. `foldNumber` tells V8 that the accumulator is a number from the first record on: it then stays
 * in a register, where it would be a new heap number per record. `combineInto` has combiners that change in place.
 */
export type SinkShape = Exclude<Sink['kind'], 'combine'> | 'foldNumber' | 'combine' | 'combineInto'

/** Which parameters of the loop are functions of the sink: after those of the steps. */
export const sinkFunctions: Readonly<Record<SinkShape, readonly ('f' | 'create' | 'merge' | 'own' | 'partitionOf')[]>> =
  {
    collect: [],
    take: [],
    count: [],
    foreach: ['f'],
    fold: ['f'],
    foldNumber: ['f'],
    reduce: ['f'],
    combine: ['merge', 'own'],
    combineInto: ['merge', 'create', 'own'],
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
  combine: 'const map = sink.map; let integers = sink.integers',
  combineInto: 'const map = sink.map; let integers = sink.integers',
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
  bucket: '',
}

/**
 * A pair into the table. Whole numbers are found there in a quarter of the time of a Map, which is what the table is from
 * the first other key on. `add` and `merge` say what becomes of the value of a new key, and of the `old` of one that is known.
 */
const intoTable = (r: string, add: string, merge: string, intoMap: string) => `let k = ${r}[0]
  const v = ${r}[1]
  if (integers !== undefined && !isInteger(k)) { mapOf(sink); integers = undefined }
  if (integers !== undefined) {
    const place = integers.find(k)
    if (place < 0) integers.add(k, ${add})
    else { const old = integers.values[place]; integers.values[place] = ${merge} }
  } else {
    // What is in the map is a key as it is; of the rest, strings and numbers are, and the call is for what remains.
    let old = map.get(k)
    if (old === undefined && typeof k !== 'string' && typeof k !== 'number') { k = keyOf(k); old = map.get(k) }
    ${intoMap}
  }`

/** One record into the sink. */
export const deliver: Readonly<Record<Exclude<SinkShape, 'take'>, (record: string) => string>> = {
  collect: (r) => `out.push(${r})`,
  count: () => '',
  foreach: (r) => `f(${r})`,
  fold: (r) => `acc = f(acc, ${r})`,
  foldNumber: (r) => `acc = f(acc, ${r})`,
  reduce: (r) => `if (has) acc = f(acc, ${r}); else { acc = ${r}; has = true }`,
  bucket: (r) => `buckets[partitionOf(${r}[0])].push(${r})`,
  // What is not there is taken for new, without a second look, unless the Map does not grow: then it is undefined.
  combine: (r) =>
    intoTable(
      r,
      'v',
      'merge(old, v)',
      `if (old !== undefined) map.set(k, merge(old, v))
      else {
        const size = map.size
        map.set(own(k), v)
        if (map.size === size) { map.set(k, old); map.set(k, merge(old, v)) }
      }`,
    ),
  // A combiner that was changed in place is in the map already. (−0 equals 0, yet is another value.)
  combineInto: (r) =>
    intoTable(
      r,
      'create(v)',
      'merge(old, v)',
      `if (old === undefined && !map.has(k)) map.set(own(k), create(v))
      else { const c = merge(old, v); if (c !== old || c === 0) map.set(k, c) }`,
    ),
}
