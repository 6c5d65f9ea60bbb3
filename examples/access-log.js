// @ts-check
// The access log of a web server → the rate of errors of each minute → a webhook, while it is too high.
//
//   LOG=/var/log/nginx/access.log WEBHOOK=https://alerts.example/hook node examples/access-log.js
//
// Without WEBHOOK the rates are only printed. The log is followed through its rotation. Ctrl-C ends the job; the next run goes on
// with the line behind the last one, and a minute that has been sent is not sent again under another key.
import { Milliseconds, StreamingContext } from 'dstream'
import { webhookSink } from 'dstream/http'

const { LOG = 'access.log', WEBHOOK, CHECKPOINT = 'access-log-checkpoint' } = process.env
const batchInterval = Milliseconds(Number(process.env['BATCH_MS'] ?? 5000))
const period = Milliseconds(Number(process.env['PERIOD_MS'] ?? 60_000))
/** The share of errors from which the webhook is called. */
const LIMIT = Number(process.env['LIMIT'] ?? 0.05)

/** The status of a line in the common or the combined log format. */
const STATUS = /^\S+ \S+ .*?\] "(?:[^"\\]|\\.)*" (\d{3}) /

await StreamingContext.run(import.meta, { batchInterval, checkpointDir: CHECKPOINT, appName: 'access-log' }, (ssc) => {
  const rates = ssc
    .tailFile(LOG, { from: 'start' })
    .flatMap((line) => STATUS.exec(line)?.slice(1) ?? [])
    .map((status) => ({ requests: 1, errors: Number(status) >= 500 ? 1 : 0 }))
    .reduceByWindow((a, b) => ({ requests: a.requests + b.requests, errors: a.errors + b.errors }), period, period)
  rates.map(({ requests, errors }) => `${errors} errors in ${requests} requests`).print()
  if (WEBHOOK !== undefined)
    rates.filter((rate) => rate.errors / rate.requests >= LIMIT).to(webhookSink({ url: WEBHOOK }))
})
