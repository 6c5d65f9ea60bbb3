// @ts-check
// Clicks as POST requests → how often each page was clicked, ever → CSV files, exactly once.
//
//   PORT=8080 node examples/http-clicks.js
//   curl -H 'content-type: application/json' -H 'idempotency-key: 1' -d '{"page":"/"}' http://127.0.0.1:8080/clicks
//
// A click is answered once it is durable, and counts once however often it is sent under its key. Ctrl-C ends the job.
import { Milliseconds, StateSpec, StreamingContext } from 'dstream'
import { csv } from 'dstream/csv'
import { httpReceiver } from 'dstream/http'
import { fileSink } from 'dstream/sinks'

const { PORT = '8080', OUT = 'http-clicks', CHECKPOINT = 'http-clicks-checkpoint' } = process.env
const batchInterval = Milliseconds(Number(process.env['BATCH_MS'] ?? 1000))

/** @type {StateSpec<string, number, number, { page: string, clicks: number }>} */
const totals = StateSpec.function((page, n, state) => {
  state.update((state.getOption() ?? 0) + (n ?? 0))
  return { page, clicks: state.get() }
})

await StreamingContext.run(import.meta, { batchInterval, checkpointDir: CHECKPOINT, appName: 'http-clicks' }, (ssc) => {
  /** @type {import('dstream/http').HttpReceiver<{ page: string }>} */
  const receiver = httpReceiver({ port: Number(PORT), path: '/clicks' })
  const clicks = ssc
    .receiverStream(receiver)
    .mapToPair(({ page }) => [String(page), 1])
    .mapWithState(totals)
  clicks.map(({ page, clicks: n }) => `${page}: ${n}`).print()
  clicks.to(fileSink(OUT, { format: csv({ columns: ['page', 'clicks'] }) }))
})
