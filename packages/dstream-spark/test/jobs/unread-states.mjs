// @ts-check
// A state that only its own function reads, so that its partitions are packed in the driver after some batches.
import { Milliseconds, StreamingContext } from 'dstream'
import { numbersOf, ranges, report } from './report.mjs'

const RANGE = 400
const { CHECKPOINT } = process.env

/** @type {import('dstream').StreamingContextOptions} */
const options = { appName: 'unread states', batchInterval: Milliseconds(200), missedBatches: 'run' }
if (CHECKPOINT !== undefined) options.checkpointDir = CHECKPOINT
await StreamingContext.run(import.meta, options, (ssc) => {
  const numbers = ssc.fromSource(ranges(18, numbersOf(RANGE)))
  const mapped = numbers
    .mapToPair((n) => [`n${n}`, n])
    .mapWithState(
      (key, n, /** @type {import('dstream').State<{ sum: number, calls: number }>} */ state) => {
        const { sum = 0, calls = 0 } = state.getOption() ?? {}
        if (state.isTimingOut()) return { key, sum, calls, isLast: true }
        if (calls === 5) state.remove()
        else state.update({ sum: sum + (n ?? 0), calls: calls + 1 })
        return { key, sum, calls, isLast: false }
      },
      { numPartitions: 4, timeout: Milliseconds(800) },
    )
  report(ssc, { mapped }, 20)
  /** @type {any} */
  const { table } = mapped.operator
  ssc.on('batchCompleted', () => {
    process.stdout.write(`${JSON.stringify({ output: 'packed', records: [table.packing.figures.keys] })}\n`)
  })
})
