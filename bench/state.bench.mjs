// Keyed state against native Maps filled by hand: what versions, undo, freezing and slices cost.
import { jobOf, keyOf, numbers } from './job.mjs'
import { alternately, median, ratio, report } from './measure.mjs'

const add = (a, b) => a + b
const next = numbers(1)

// ── every key of a batch updates one of 100 000 totals ───────────────────────────────────────────────────────────────────────────
const known = 100_000
const perBatch = 100_000
const fresh = (below) => [keyOf(next(below)), 1]
const updates = Array.from({ length: perBatch }, () => fresh(known))
const totals = Array.from({ length: known }, (_, i) => [keyOf(i), 0])

const running = await jobOf((pairs) => pairs.runningReduceByKey(add).foreachRDD(() => {}))
await running.run(totals)
const bareTotals = new Map(totals)
const times = await alternately({
  'bare Map': () => {
    for (const [key, value] of updates) bareTotals.set(key, (bareTotals.get(key) ?? 0) + value)
  },
  'bare Maps, a batch reduced first': () => {
    const batch = new Map()
    for (const [key, value] of updates) batch.set(key, (batch.get(key) ?? 0) + value)
    for (const [key, value] of batch) bareTotals.set(key, (bareTotals.get(key) ?? 0) + value)
  },
  runningReduceByKey: () => running.run(updates),
})
await running.stop()

// ── a million keys are known, ten thousand get values ────────────────────────────────────────────────────────────────────────────
const million = 1_000_000
const some = Array.from({ length: 10_000 }, () => fresh(million))
const update = (values, total = 0) => {
  for (const value of values) total += value
  return total
}
const byKey = await jobOf((pairs) => pairs.updateStateByKey(update).foreachRDD(() => {}))
const states = new Map()
for (let i = 0; i < million; i += 50_000) {
  const batch = Array.from({ length: 50_000 }, (_, j) => [keyOf(i + j), 1])
  await byKey.run(batch)
  for (const [key, value] of batch) states.set(key, value)
}
const updateByHand = () => {
  const groups = new Map()
  for (const [key, value] of some) {
    const values = groups.get(key)
    if (values === undefined) groups.set(key, [value])
    else values.push(value)
  }
  for (const [key, total] of states) states.set(key, update(groups.get(key) ?? [], total))
}
const big = await alternately({ 'by hand': updateByHand, updateStateByKey: () => byKey.run(some) }, { rounds: 7 })
await byKey.stop()

const reduced = 'bare Maps, a batch reduced first'
report('Keyed state', [
  { name: '100 k updates of 100 k totals: bare Map', value: median(times['bare Map']), unit: 'ms' },
  { name: '  runningReduceByKey, a whole batch', value: median(times.runningReduceByKey), unit: 'ms' },
  { name: '  against the bare Map', value: ratio(times, 'runningReduceByKey', 'bare Map') },
  { name: '  against Maps that reduce the batch first', value: ratio(times, 'runningReduceByKey', reduced) },
  { name: '1 M known keys, 10 k with values: by hand', value: median(big['by hand']), unit: 'ms' },
  { name: '  updateStateByKey, a whole batch', value: median(big.updateStateByKey), unit: 'ms' },
  { name: '  against the loop by hand', value: ratio(big, 'updateStateByKey', 'by hand'), atLeast: 0.6 },
])
