import { Milliseconds, Receiver, type Duration } from 'dstream'
import { createParser } from 'eventsource-parser'
import { checkOptions } from '../../base/options.js'
import { checkPositiveDuration } from '../../base/time/duration.js'
import { aborted } from './aborted.js'
import { checkHeaders, checkUrl, HTTP } from './address.js'
import { badAnswer, reasonOf, shownUrl } from './errors.js'
import { IdleTimer } from './idle-timer.js'

/** One event of a stream of server-sent events. */
export interface ServerSentEvent {
  /** The type of the event; `message` where the server names none. */
  readonly event: string
  readonly data: string
  /** The last id that the server has given, up to this event. */
  readonly id: string
}

/** The options of `eventSource`. */
export interface EventSourceOptions {
  /** Further headers, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** The `Last-Event-ID` of a first start, to begin behind that event. */
  readonly lastEventId?: string | undefined
  /** How long nothing may come, comments included, before the connection is made again; default: any time. */
  readonly idleTimeout?: Duration | undefined
}

const WHERE = 'eventSource'

/**
 * Returns a receiver of server-sent events. When the connection ends or breaks it is made again, after the pause that the
 * server has set with `retry`, with the id of the last event in `Last-Event-ID`. The id is stored with the data, so that a
 * restart goes on behind it: exactly once where the server sends what comes after an id, and nothing before it.
 *
 * An answer of 204 ends the stream for good. Every other failure is reported and tried again.
 *
 * @throws `bad-option`, `unknown-option`
 *
 * @example
 * import { eventSource } from 'dstream/http'
 * ssc.receiverStream(eventSource('https://stream.example.com/changes')).map(({ data }) => JSON.parse(data)).print()
 */
export function eventSource(url: string | URL, options: EventSourceOptions = {}): Receiver<ServerSentEvent> {
  return new EventSourceReceiver(url, options)
}

class EventSourceReceiver extends Receiver<ServerSentEvent> {
  readonly #url: string
  readonly #headers: Record<string, string>
  readonly #firstId: string
  readonly #idleMs: number | undefined
  /** The pause before the next connection, as the server has set it. */
  #retry: Duration | undefined

  constructor(url: string | URL, options: EventSourceOptions) {
    super()
    checkOptions(WHERE, options, ['headers', 'lastEventId', 'idleTimeout'])
    const { headers = {}, lastEventId = '', idleTimeout } = options
    this.#url = checkUrl(WHERE, url, HTTP)
    this.#headers = checkHeaders(WHERE, headers)
    this.#firstId = lastEventId
    // Line ends and NUL cannot be part of a header.
    checkHeaders(WHERE, { 'last-event-id': lastEventId })
    this.#idleMs = idleTimeout && checkPositiveDuration(`${WHERE}, option idleTimeout`, idleTimeout).milliseconds
  }

  async onStart(signal: AbortSignal): Promise<void> {
    const idle = new IdleTimer(WHERE, shownUrl(this.#url), this.#idleMs)
    try {
      const isOver = await this.#read(AbortSignal.any([signal, idle.signal]), idle)
      if (isOver) return
      if (!signal.aborted) this.restart('The server has ended the connection', undefined, this.#retry)
    } catch (error) {
      if (signal.aborted) return
      const cause = idle.signal.aborted ? (idle.signal.reason as Error) : error
      this.restart(reasonOf(cause), cause, this.#retry)
    } finally {
      idle.pause()
    }
    await aborted(signal)
  }

  onStop(): void {}

  /** Reads events until the connection ends. Returns true when the server wants no further one. */
  async #read(signal: AbortSignal, idle: IdleTimer): Promise<boolean> {
    let id = typeof this.position === 'string' ? this.position : this.#firstId
    const response = await fetch(this.#url, {
      headers: {
        accept: 'text/event-stream',
        'cache-control': 'no-store',
        ...this.#headers,
        ...(id === '' ? {} : { 'last-event-id': id }),
      },
      signal,
    })
    if (response.status === 204) return true
    this.#mustBeEvents(response)
    const events: ServerSentEvent[] = []
    const parser = createParser({
      onEvent: ({ event = 'message', data, ...given }) => {
        id = given.id ?? id
        events.push({ event, data, id })
      },
      onRetry: (ms) => (this.#retry = Milliseconds(ms)),
    })
    const decoder = new TextDecoder()
    for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
      idle.touch()
      parser.feed(decoder.decode(piece, { stream: true }))
      for (const event of events.splice(0)) {
        if (!this.store(event, event.id === '' ? undefined : event.id)) {
          idle.pause()
          await this.ready()
          idle.touch()
        }
      }
    }
    return false
  }

  /** @throws `bad-answer` */
  #mustBeEvents({ status, headers, body }: Response): void {
    const type = headers.get('content-type') ?? 'no content type'
    if (status === 200 && type.startsWith('text/event-stream') && body !== null) return
    const what = status === 200 ? `sends ${type} and not text/event-stream` : `answers with ${status}`
    throw badAnswer(WHERE, shownUrl(this.#url), what)
  }
}
