// @ts-check
// States of several partitions, whose functions take a while. With a checkpoint (CHECKPOINT) a later life goes on from it; BATCHES is
// the number of batches of this one.
import { Milliseconds, StreamingContext } from 'dstream'
import { numbersOf, ranges, report } from './report.mjs'

const RANGE = 400
const { BATCHES = '10', CHECKPOINT } = process.env

/** Takes a tenth of a millisecond of a core. */
const slowly = () => {
  const end = performance.now() + 0.1
  while (performance.now() < end);
}

/** @type {import('dstream').StreamingContextOptions} */
const options = { appName: 'states', batchInterval: Milliseconds(200), missedBatches: 'run' }
if (CHECKPOINT !== undefined) options.checkpointDir = CHECKPOINT
await StreamingContext.run(import.meta, options, (ssc) => {
  const numbers = ssc.fromSource(ranges(12, numbersOf(RANGE)))
  const sums = numbers
    .mapToPair((n) => [`n${n % 90}`, n])
    .updateStateByKey(
      (values, /** @type {{ sum: number, batches: number } | undefined} */ state) => {
        slowly()
        if (values.includes(7)) return undefined
        const { sum = 0, batches = 0 } = state ?? {}
        return { sum: values.reduce((a, b) => a + b, sum), batches: batches + 1 }
      },
      { numPartitions: 4 },
    )
  const mapped = numbers
    .filter((n) => n % 3 === 0)
    .mapToPair((n) => [n % 150, n])
    .mapWithState(
      (key, n, /** @type {import('dstream').State<number>} */ state) => {
        slowly()
        const isLast = state.isTimingOut()
        if (!isLast) state.update((state.getOption() ?? 0) + (n ?? 0))
        return { key, isLast, total: state.get(), pid: process.pid }
      },
      { numPartitions: 4, timeout: Milliseconds(400) },
    )
  const streams = {
    sums,
    mapped: mapped.map(({ pid, ...record }) => record),
    all: mapped.stateSnapshots(),
    // The processes that have made each partition.
    pids: mapped.glom().map((records) => [...new Set(records.map(({ pid }) => pid))]),
  }
  report(ssc, streams, Number(BATCHES))
})
