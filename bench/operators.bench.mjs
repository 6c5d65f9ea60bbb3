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
const keys = {
  integer: (i) => i,
  /** Strings of their own, as they come from a socket: no Map finds one by being the same object. */
  string: (i) => Buffer.from(keyOf(i)).toString(),
}
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

/** A job and the same by hand, both with a full window, and how they go on. */
const fullWindow = async (batches, define, alternate) => {
  const byHand = new WindowByHand()
  const job = await jobOf(define)
  const turn = { hand: 0, job: 0 }
  const batch = (name) => batches[turn[name]++ % batches.length]
  const slideHand = () => byHand.slide(batch('hand'))
  const slideJob = () => job.run(batch('job'))
  for (let i = 0; i < panes; i++) {
    slideHand()
    await slideJob()
  }
  const times = await alternate(byHand, slideHand, slideJob)
  await job.stop()
  return times
}

for (const [kind, keyFrom] of Object.entries(keys)) {
  const batches = Array.from({ length: panes + 7 }, () =>
    Array.from({ length: perPane }, () => [keyFrom(next(known)), 1]),
  )
  let window
  const slides = await fullWindow(
    batches,
    (pairs) =>
      pairs.reduceByKeyAndWindow(add, subtract, Seconds(panes)).foreachRDD((rdd) => {
        window = rdd
      }),
    async (_, slideHand, slideJob) => {
      // As in a job that runs: garbage is collected when V8 sees fit.
      const options = { rounds: 200, warmUps: 100, collect: false }
      const times = await alternately({ 'by hand': slideHand, dstream: slideJob }, options)
      same('the window with inverse', await window.values().reduce(add), panes * perPane)
      return times
    },
  )
  let keysFound = 0
  const wholes = await fullWindow(
    batches,
    (pairs) =>
      pairs.reduceByKeyAndWindow(add, Seconds(panes)).foreachRDD(async (rdd) => {
        keysFound = await rdd.count()
      }),
    async (byHand, slideHand, slideJob) => {
      let keysByHand
      const recompute = () => {
        slideHand()
        keysByHand = byHand.recompute().size
      }
      const times = await alternately({ 'by hand': recompute, dstream: slideJob })
      same('the window recomputed', keysFound, keysByHand)
      return times
    },
  )
  report(`A window of ${panes} panes of ${perPane} pairs over ${known} ${kind} keys, per slide`, [
    { name: 'by hand, from the one before', value: median(slides['by hand']), unit: 'ms' },
    { name: 'with inverse, a whole batch', value: median(slides.dstream), unit: 'ms' },
    { name: '  against by hand', value: ratio(slides, 'dstream', 'by hand'), atLeast: 0.57 },
    { name: 'by hand, recomputed', value: median(wholes['by hand']), unit: 'ms' },
    { name: 'without inverse, a whole batch', value: median(wholes.dstream), unit: 'ms' },
    { name: '  against recomputed by hand', value: ratio(wholes, 'dstream', 'by hand') },
  ])
}

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
