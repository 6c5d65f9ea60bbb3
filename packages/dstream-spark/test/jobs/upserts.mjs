// @ts-check
// A stateful job with a checkpoint, for tests that kill its processes: a source that is planned as far as it has grown, and one
// output that keeps each batch under its time. It ends after RANGES ranges. STATE is a folder, CHECKPOINT a place elsewhere. With KEYS
// a second source brings so many keys, each with a state of its own.
import { appendFileSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Milliseconds, StreamingContext } from 'dstream'
import { numbersOf, PARTS, random, ranges } from './report.mjs'

const { STATE = '', RANGES = '20', BATCH_MS = '50', KEYS = '0' } = process.env
const { CHECKPOINT = join(STATE, 'checkpoint') } = process.env
const RANGE = 400

/** Takes a third of a millisecond of a core. @param {number} n */
const slowly = (n) => {
  const end = performance.now() + 0.3
  while (performance.now() < end);
  return n
}
const last = Number(RANGES)
const out = join(STATE, 'out')
mkdirSync(out, { recursive: true })

const newKeys = Math.ceil(Number(KEYS) / (last * PARTS))
/** New keys, and a fourth as many that are known. @param {number} range @param {number} part */
const users = (range, part) => {
  const next = random(range * PARTS + part)
  const first = (range * PARTS + part) * newKeys
  return Array.from({ length: newKeys }, (_, i) => (i % 4 === 0 ? [first + i, next(first + i)] : [first + i])).flat()
}

/** @typedef {[number, number]} Sums */
/** @param {Sums} a @param {Sums} b @returns {Sums} */
const add = ([c, a], [d, b]) => [c + d, a + b]

const options = { appName: 'upserts', batchInterval: Milliseconds(Number(BATCH_MS)), checkpointDir: CHECKPOINT }
await StreamingContext.run(import.meta, options, (ssc) => {
  const numbers = ssc.fromSource({ ...ranges(last, numbersOf(RANGE)), readsAnywhere: true })
  const sums = numbers
    .map(slowly)
    .mapToPair((n) => /** @type {[string, Sums]} */ ([`n${n % 9}`, [1, n]]))
    .runningReduceByKey(add)
  // The digest of all that the states of users have been.
  const digest = ssc
    .fromSource({ ...ranges(last, users), readsAnywhere: true })
    .mapToPair((user) => /** @type {[string, number]} */ ([`user${user}`, user]))
    .mapWithState(
      (_, user, /** @type {import('dstream').State<number>} */ visits) => {
        visits.update((visits.getOption() ?? 0) + 1)
        return /** @type {[string, Sums]} */ (['users', [1, ((user ?? 0) * 31 + visits.get() * 7) % 1009]])
      },
      { numPartitions: PARTS },
    )
    .runningReduceByKey(add)
  const totals = newKeys === 0 ? sums : sums.union(digest)
  let isLast = false
  totals.foreachRDD(async (rdd, time) => {
    const records = await rdd.collect()
    const name = join(out, `${time.milliseconds}.json`)
    // The line of a batch that is given again after a crash stands beside its first one.
    appendFileSync(join(STATE, 'calls'), `${time.milliseconds}\n`)
    writeFileSync(`${name}.new`, JSON.stringify(records))
    renameSync(`${name}.new`, name)
    const numbersSoFar = records.filter(([key]) => key !== 'users').reduce((sum, [, [count]]) => sum + count, 0)
    isLast = numbersSoFar === last * RANGE
  })
  let completed = 0
  ssc.on('batchCompleted', () => {
    process.stdout.write(`{"completed":${++completed}}\n`)
    if (isLast) void ssc.stop()
  })
})
