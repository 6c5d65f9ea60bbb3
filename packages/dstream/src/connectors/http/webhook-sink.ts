import { setTimeout as pause } from 'node:timers/promises'
import { DStreamError, Seconds, type Time, type Duration, type Sink, type SinkBatch, type SinkHost } from 'dstream'
import { badOption } from '../../base/errors/options.js'
import { sinkNotOpen } from '../../base/errors/sinks.js'
import { aFunction, aString, checkOptions, positiveInteger } from '../../base/options.js'
import { checkPositiveDuration } from '../../base/time/duration.js'
import { checkHeaders, checkUrl, HTTP } from './address.js'
import { reasonOf, shownUrl, webhookAway, webhookRefused } from './errors.js'

/** The options of `webhookSink`. */
export interface WebhookSinkOptions<T> {
  /** The address that requests are sent to. */
  readonly url: string
  /** The method; default `POST`. */
  readonly method?: 'POST' | 'PUT' | 'PATCH' | undefined
  /** Further headers, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Returns the body of a request; default the records as a JSON array. */
  readonly encode?: ((records: readonly T[], time: Time) => string | Uint8Array) | undefined
  /** The content type of the body; default `application/json`. */
  readonly contentType?: string | undefined
  /** The most records of one request; a larger batch is several requests. Default 1000; 1 for a request for each record. */
  readonly maxRecords?: number | undefined
  /** Whether a batch without records is a request too; default false. */
  readonly sendEmpty?: boolean | undefined
  /** The longest that one request may take; default 30 s. */
  readonly timeout?: Duration | undefined
}

const WHERE = 'webhookSink'
const KNOWN = ['url', 'method', 'headers', 'encode', 'contentType', 'maxRecords', 'sendEmpty', 'timeout'] as const

/** The answers that another attempt may not get: too early, too many, and every failure of the server's own. */
const PASSING = new Set([408, 425, 429])

/** The longest `Retry-After` that is heeded, in milliseconds. */
const LONGEST_PAUSE_MS = 5 * 60_000

/**
 * Returns a sink that sends each batch to a URL. Every request has an `Idempotency-Key` of the job, the output, the batch
 * time and its number in the batch: the same at every attempt and after a crash. So a batch takes effect once where the
 * server knows such keys, and at least once elsewhere.
 *
 * While the server cannot be reached, or answers with 408, 425, 429 or 5xx, the batch waits and uses up no attempt; a
 * `Retry-After` is heeded. Any other answer but 2xx fails the attempt (`webhook-refused`). Requests of a batch that have been
 * accepted are not sent again by the same process.
 *
 * @throws `bad-option`, `unknown-option`
 *
 * @example
 * import { webhookSink } from 'dstream/http'
 * words.countByValue().to(webhookSink({ url: 'https://example.com/counts', headers: { authorization: 'Bearer secret' } }))
 */
export function webhookSink<T>(options: WebhookSinkOptions<T>): Sink<T> {
  checkOptions(WHERE, options, KNOWN)
  // Without options, the error names the first one that is missing.
  const given = (options as WebhookSinkOptions<T> | undefined) ?? ({} as WebhookSinkOptions<T>)
  const { method = 'POST', headers = {}, encode, contentType = 'application/json', maxRecords = 1000 } = given
  const { sendEmpty = false, timeout = Seconds(30) } = given
  if (!['POST', 'PUT', 'PATCH'].includes(method)) throw badOption(WHERE, 'method', "'POST', 'PUT' or 'PATCH'", method)
  if (encode !== undefined) aFunction(WHERE, 'encode', encode)
  if (typeof sendEmpty !== 'boolean') throw badOption(WHERE, 'sendEmpty', 'true or false', sendEmpty)
  return new WebhookSink({
    url: checkUrl(WHERE, given.url, HTTP),
    method,
    headers: { ...checkHeaders(WHERE, headers), 'content-type': aString(WHERE, 'contentType', contentType) },
    encode: encode ?? ((records) => JSON.stringify(records)),
    maxRecords: positiveInteger(WHERE, 'maxRecords', maxRecords),
    sendEmpty,
    timeoutMs: checkPositiveDuration(`${WHERE}, option timeout`, timeout).milliseconds,
  })
}

interface Settings<T> {
  readonly url: string
  readonly method: string
  readonly headers: Record<string, string>
  readonly encode: (records: readonly T[], time: Time) => string | Uint8Array
  readonly maxRecords: number
  readonly sendEmpty: boolean
  readonly timeoutMs: number
}

class WebhookSink<T> implements Sink<T> {
  readonly #settings: Settings<T>
  #output: string | undefined
  /** The requests of a batch that the server has accepted. */
  #accepted = { time: -Infinity, requests: 0 }
  /** The moment before which the server wants no request. */
  #notBeforeMs = 0

  constructor(settings: Settings<T>) {
    this.#settings = settings
  }

  open(host?: SinkHost): void {
    this.#output = host === undefined ? 'output' : `${host.job}/${host.output}`
  }

  /** Nothing is known of what the server holds: each batch is sent until this job has its answer. */
  lastCommitted(): undefined {
    return undefined
  }

  isTransient(error: unknown): boolean {
    return error instanceof DStreamError && error.code === 'webhook-away'
  }

  async write({ time, rdd, signal }: SinkBatch<T>): Promise<void> {
    const records = await rdd.collect()
    const { maxRecords, sendEmpty } = this.#settings
    const requests = Math.max(Math.ceil(records.length / maxRecords), sendEmpty ? 1 : 0)
    if (this.#accepted.time !== time.milliseconds) this.#accepted = { time: time.milliseconds, requests: 0 }
    for (let number = this.#accepted.requests; number < requests; number++) {
      await this.#send(records.slice(number * maxRecords, (number + 1) * maxRecords), time, number, signal)
      this.#accepted.requests++
    }
  }

  async #send(records: readonly T[], time: Time, number: number, signal: AbortSignal): Promise<void> {
    if (this.#output === undefined) throw sinkNotOpen(`the sink of ${shownUrl(this.#settings.url)}`)
    const { url, method, headers, encode, timeoutMs } = this.#settings
    const body = encode(records, time) as string | Uint8Array<ArrayBuffer>
    await pause(Math.max(0, this.#notBeforeMs - Date.now()), undefined, { signal })
    const shown = shownUrl(url)
    let response: Response
    let answer: string
    try {
      response = await fetch(url, {
        method,
        headers: { ...headers, 'idempotency-key': `${this.#output}/${time.milliseconds}/${number}` },
        body,
        redirect: 'manual',
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      })
      answer = await response.text()
    } catch (error) {
      if (signal.aborted) throw error
      const isLate = (error as Error).name === 'TimeoutError'
      throw webhookAway(
        shown,
        isLate ? `has not answered within ${timeoutMs} ms` : `is away: ${reasonOf(error)}`,
        error,
      )
    }
    if (response.ok) return
    const { status } = response
    if (status < 500 && !PASSING.has(status)) throw webhookRefused(shown, status, answer)
    this.#notBeforeMs = Date.now() + retryAfterMs(response)
    throw webhookAway(shown, `answers with ${status}`)
  }
}

/** Returns the pause that a server asks for: seconds, or a date. */
function retryAfterMs({ headers }: Response): number {
  const given = headers.get('retry-after')
  if (given === null) return 0
  const ms = /^\d+$/.test(given) ? Number(given) * 1000 : Date.parse(given) - Date.now()
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), LONGEST_PAUSE_MS) : 0
}
