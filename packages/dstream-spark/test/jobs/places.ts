// What a job finds around it: its own file, its arguments and its environment, here and on the executors.
import { readFileSync } from 'node:fs'
import { Milliseconds, StreamingContext } from 'dstream'
import { numberBatches, report } from './report.mjs'

interface Seen {
  readonly count: number
}

const FACTOR: number = Number(process.argv[2] ?? 1)
const NAME = process.env['PLACE_NAME'] ?? 'none'
const isDriver = process.argv[1]?.endsWith('places.ts') === true
const text = isDriver ? readFileSync(new URL('places.ts', import.meta.url), 'utf8').split('\n')[0]! : ''

await StreamingContext.run(import.meta, { appName: 'places', batchInterval: Milliseconds(50) }, (ssc) => {
  const counts = ssc
    .queueStream(numberBatches(ssc, 2))
    .mapToPair((n): [string, Seen] => [`${NAME} ${n % 2}`, { count: FACTOR }])
    .reduceByKey((a, b) => ({ count: a.count + b.count }))
  report(ssc, { counts: counts.map(([key, { count }]) => [key, count, text]) }, 2)
})
