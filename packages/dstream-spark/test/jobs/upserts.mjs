// @ts-check
// A stateful job with a checkpoint, for tests that kill its processes: a source that is planned as far as it has grown, and one
// output that keeps each batch under its time. It ends after RANGES ranges. STATE is a folder, CHECKPOINT a place elsewhere.
import { appendFileSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Milliseconds, StreamingContext } from 'dstream'
import { random } from './report.mjs'

const { STATE = '', RANGES = '20', BATCH_MS = '50' } = process.env
const { CHECKPOINT = join(STATE, 'checkpoint') } = process.env
const RANGE = 400
const PARTS = 4

/** Takes a third of a millisecond of a core. @param {number} n */
const slowly = (n) => {
  const end = performance.now() + 0.3
  while (performance.now() < end);
  return n
}
const last = Number(RANGES)
const out = join(STATE, 'out')
mkdirSync(out, { recursive: true })

const options = { appName: 'upserts', batchInterval: Milliseconds(Number(BATCH_MS)), checkpointDir: CHECKPOINT }
await StreamingContext.run(import.meta, options, (ssc) => {
  const numbers = ssc.fromSource({
    initial: () => 0,
    readsAnywhere: true,
    plan: (/** @type {number} */ from) => Math.min(from + 1, last),
    splits: (from, until) =>
      from === until ? [] : Array.from({ length: PARTS }, (_, part) => ({ name: `part-${part}`, range: from, part })),
    read: ({ range, part }) => {
      const next = random(range * PARTS + part)
      return Array.from({ length: RANGE / PARTS }, () => next(1000))
    },
  })
  const totals = numbers
    .map(slowly)
    .mapToPair((n) => /** @type {[string, [number, number]]} */ ([`n${n % 9}`, [1, n]]))
    .runningReduceByKey(([c, a], [d, b]) => /** @type {[number, number]} */ ([c + d, a + b]))
  let isLast = false
  totals.foreachRDD(async (rdd, time) => {
    const records = await rdd.collect()
    const name = join(out, `${time.milliseconds}.json`)
    // The line of a batch that is given again after a crash stands beside its first one.
    appendFileSync(join(STATE, 'calls'), `${time.milliseconds}\n`)
    writeFileSync(`${name}.new`, JSON.stringify(records))
    renameSync(`${name}.new`, name)
    isLast = records.reduce((sum, [, [count]]) => sum + count, 0) === last * RANGE
  })
  let completed = 0
  ssc.on('batchCompleted', () => {
    process.stdout.write(`{"completed":${++completed}}\n`)
    if (isLast) void ssc.stop()
  })
})
