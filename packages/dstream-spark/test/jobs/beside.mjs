// What runs beside the data: lines are read, and partitions are handed out, on the executors. Each call leaves a file.
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Milliseconds, Seconds, StreamingContext } from 'dstream'
import { numberBatches, report } from './report.mjs'

const [folder = ''] = process.argv.slice(2)
const options = { appName: 'beside', batchInterval: Milliseconds(50), retry: { attempts: 3, backoff: Milliseconds(1) } }

await StreamingContext.run(import.meta, options, (ssc) => {
  ssc
    .queueStream(numberBatches(ssc, 2))
    .map((n) => n * 2)
    .foreachPartition(
      async (records, { time, partition, attempt }) => {
        const name = join(folder, `call-${time.milliseconds}-${partition}-${attempt}`)
        let sum = 0
        for (const n of records) sum += n
        writeFileSync(name, JSON.stringify({ partition, attempt, pid: process.pid, sum }))
        // The first batch: one partition fails once, and another one takes longer than the attempt may.
        if (attempt > 1 || existsSync(join(folder, 'second'))) return
        if (partition === 2) throw new RangeError('the store is away')
        if (partition === 3) await new Promise((resolve) => setTimeout(resolve, 60_000).unref())
      },
      { timeout: Seconds(3) },
    )
  ssc.on('batchCompleted', () => writeFileSync(join(folder, 'second'), ''))
  report(ssc, { words: ssc.textFileStream(join(folder, 'in'), { newFilesOnly: false }).countByValue() }, 2)
})
