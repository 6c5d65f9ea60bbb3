// Windows, joins and sorts, each beside its plain twin: what a careful hand would write with arrays and Maps.
import { RDDContext, Seconds } from 'dstream'
import { jobOf, keyOf, numbers } from './job.mjs'
import { alternately, median, ratio, report } from './measure.mjs'

const add = (a, b) => a + b
const subtract = (a, b) => a - b
const next = numbers(7)
const same = (name, found, wanted) => {
  if (found !== wanted) throw new Error(`${name}: ${found} instead of ${wanted}`)
}

// ── a window of 60 panes over 100 000 keys ──────────────────────────────────────────────────────────────────────────

const panes = 60
const known = 100_000
const perPane = 10_000
/** A string of its own, as what comes from a socket is: no Map finds it by being the same object. */
const keyFrom = (i) => Buffer.from(keyOf(i)).toString()
const batches = Array.from({ length: panes + 7 }, () =>
  Array.from({ length: perPane }, () => [keyFrom(next(known)), 1]),
)
const reduced = (pairs) => {
  const totals = new Map()
  for (const [key, n] of pairs) totals.set(key, (totals.get(key) ?? 0) + n)
  return totals
}

/** The window as a program without an engine keeps it: panes reduced once, added as they enter and taken off as they leave. */
class WindowByHand {
  panes = []
  totals = new Map()

  slide(pairs) {
    const entering = reduced(pairs)
    for (const [key, n] of entering) this.totals.set(key, (this.totals.get(key) ?? 0) + n)
    if (this.panes.push(entering) <= panes) return
    for (const [key, n] of this.panes.shift()) this.totals.set(key, this.totals.get(key) - n)
  }
  recompute() {
    const totals = new Map()
    for (const pane of this.panes) for (const [key, n] of pane) totals.set(key, (totals.get(key) ?? 0) + n)
    return totals
  }
}

const byHand = new WindowByHand()
let total = 0
const incremental = await jobOf((pairs) =>
  pairs.reduceByKeyAndWindow(add, subtract, Seconds(panes)).foreachRDD((rdd, time) => {
    total = { rdd, time }
  }),
)
let recomputedKeys = 0
const plain = await jobOf((pairs) =>
  pairs.reduceByKeyAndWindow(add, Seconds(panes)).foreachRDD(async (rdd) => {
    recomputedKeys = await rdd.count()
  }),
)
const turn = { hand: 0, incremental: 0, plain: 0 }
const batch = (name) => batches[turn[name]++ % batches.length]
for (let i = 0; i < panes; i++) {
  byHand.slide(batch('hand'))
  await incremental.run(batch('incremental'))
  await plain.run(batch('plain'))
}
let handKeys = 0
const windows = await alternately(
  {
    'by hand, from the one before': () => byHand.slide(batch('hand')),
    'by hand, recomputed': () => (handKeys = byHand.recompute().size),
    'with inverse': () => incremental.run(batch('incremental')),
    'without inverse': () => plain.run(batch('plain')),
  },
  { rounds: 15, warmUps: 5, repeat: 3 },
)
same('the window by hand and the one recomputed', recomputedKeys, handKeys)
same('the window with inverse', await total.rdd.values().reduce(add), panes * perPane)
await incremental.stop()
await plain.stop()
report(`A window of ${panes} panes of ${perPane} pairs over ${known} keys, per slide`, [
  { name: 'by hand, from the one before', value: median(windows['by hand, from the one before']), unit: 'ms' },
  { name: 'with inverse, a whole batch', value: median(windows['with inverse']), unit: 'ms' },
  { name: '  against by hand', value: ratio(windows, 'with inverse', 'by hand, from the one before'), atLeast: 0.57 },
  { name: 'by hand, recomputed', value: median(windows['by hand, recomputed']), unit: 'ms' },
  { name: 'without inverse, a whole batch', value: median(windows['without inverse']), unit: 'ms' },
  { name: '  against recomputed by hand', value: ratio(windows, 'without inverse', 'by hand, recomputed') },
])

// ── joins ───────────────────────────────────────────────────────────────────────────────────────────────────────────

const sc = new RDDContext()
const size = 100_000
const left = Array.from({ length: size }, (_, i) => [keyOf(next(size)), i])
const right = Array.from({ length: size }, (_, i) => [keyOf(next(size)), -i])
const [lefts, rights] = [sc.parallelize(left), sc.parallelize(right)]

const put = (groups, key, value) => {
  const values = groups.get(key)
  if (values === undefined) groups.set(key, [value])
  else values.push(value)
}
const hashJoin = () => {
  const table = new Map()
  for (const [key, value] of left) put(table, key, value)
  const pairs = []
  for (const [key, value] of right) {
    const values = table.get(key)
    if (values !== undefined) for (const other of values) pairs.push([key, [other, value]])
  }
  return pairs
}
const hashCogroup = () => {
  const table = new Map()
  for (const [key, value] of left) {
    const groups = table.get(key)
    if (groups === undefined) table.set(key, [[value], []])
    else groups[0].push(value)
  }
  for (const [key, value] of right) {
    const groups = table.get(key)
    if (groups === undefined) table.set(key, [[], [value]])
    else groups[1].push(value)
  }
  return [...table]
}
const joins = {
  'join, by hand': hashJoin,
  join: () => lefts.join(rights).collect(),
  'cogroup, by hand': hashCogroup,
  cogroup: () => lefts.cogroup(rights).collect(),
}
same('join', (await joins.join()).length, hashJoin().length)
same('cogroup', (await joins.cogroup()).length, hashCogroup().length)
const joinTimes = await alternately(joins, { rounds: 21, warmUps: 6 })

// ── distinct, sortBy, top ───────────────────────────────────────────────────────────────────────────────────────────

const words = Array.from({ length: size }, () => keyOf(next(20_000)))
const rows = Array.from({ length: size }, (_, id) => ({ id, rank: next(1_000_000) }))
const [wordRDD, rowRDD] = [sc.parallelize(words), sc.parallelize(rows)]
const byRank = ({ rank }) => rank
const least = (a, b) => a.rank - b.rank
const most = (a, b) => b.rank - a.rank
const sorts = {
  'distinct, by hand': () => [...new Set(words)],
  distinct: () => wordRDD.distinct().collect(),
  'sortBy, by hand': () => [...rows].sort(least),
  sortBy: () => rowRDD.sortBy(byRank).collect(),
  'sortBy of words, by hand': () => [...words].sort(),
  'sortBy of words': () => wordRDD.sortBy((word) => word).collect(),
  'top 15, by hand': () => [...rows].sort(most).slice(0, 15),
  'top 15': () => rowRDD.top(15, byRank),
}
for (const name of ['distinct', 'sortBy', 'sortBy of words', 'top 15']) {
  same(name, JSON.stringify(await sorts[name]()), JSON.stringify(sorts[`${name}, by hand`]()))
}
const sortTimes = await alternately(sorts, { rounds: 15, warmUps: 5 })

const against = (times, names, goal = {}) =>
  names.flatMap((name) => [
    { name: `${name}, by hand`, value: median(times[`${name}, by hand`]), unit: 'ms' },
    { name: '  dstream against it', value: ratio(times, name, `${name}, by hand`), unit: '×', ...goal },
  ])
report(
  `${size} × ${size} pairs, against a hash join by hand`,
  against(joinTimes, ['join', 'cogroup'], { atLeast: 0.7 }),
)
report(`${size} records, against arrays and Sets`, against(sortTimes, ['distinct', 'sortBy', 'sortBy of words', 'top 15'])) // prettier-ignore
