import { Receiver, type Duration } from 'dstream'
import { badOption } from '../../base/errors/options.js'
import { aFunction, checkOptions } from '../../base/options.js'
import { loadPackage } from '../../base/optional-package.js'
import { checkPositiveDuration } from '../../base/time/duration.js'
import { aborted } from './aborted.js'
import { checkUrl, WEB_SOCKET } from './address.js'
import { badAnswer, reasonOf, shownUrl, webSocketMissing } from './errors.js'
import { IdleTimer } from './idle-timer.js'

/** The members of a WebSocket that are used here: those of browsers, Node, undici and `ws`. */
export interface WebSocketLike {
  binaryType: any
  send(data: string | Uint8Array): void
  close(code?: number, reason?: string): void
  addEventListener(type: any, listener: (event: any) => void): void
}

/** The options of `webSocket`. */
export interface WebSocketOptions<T> {
  /** The subprotocols to ask for. */
  readonly protocols?: string | readonly string[] | undefined
  /**
   * Called when the connection is made: sends what subscribes, from the position of the last message on where there is one.
   */
  readonly onOpen?: ((send: (data: string | Uint8Array) => void, position: unknown) => void) | undefined
  /** Returns the record of a message; default the message itself, a text or a `Uint8Array`. A message on which it throws is left out and reported. */
  readonly decode?: ((message: string | Uint8Array) => T) | undefined
  /** Returns the position of a record, plain data, where the protocol has one; it is stored with the data. */
  readonly position?: ((record: T) => unknown) | undefined
  /** How long nothing may come before the connection is made again; default: any time. */
  readonly idleTimeout?: Duration | undefined
  /** The class of WebSockets; default Node's own, or undici's where Node has none (version 20). */
  readonly WebSocket?: (new (url: string, protocols?: string | string[]) => WebSocketLike) | undefined
}

const WHERE = 'webSocket'
const KNOWN = ['protocols', 'onOpen', 'decode', 'position', 'idleTimeout', 'WebSocket'] as const

/**
 * Returns a receiver of the messages of a WebSocket. When the connection ends or breaks it is made again, with pauses that
 * grow. Messages that the server sends meanwhile are lost, unless `onOpen` asks for them by the position of the last one.
 *
 * A WebSocket cannot be asked to wait: beyond twice `maxBufferedRecords` the receiver is restarted, which is reported.
 *
 * @throws `bad-option`, `unknown-option`; `undici-missing` is reported at the start
 *
 * @example
 * import { webSocket } from 'dstream/http'
 * const trades = webSocket<{ id: number; price: number }>('wss://example.com/trades', {
 *   decode: (message) => JSON.parse(String(message)) as { id: number; price: number },
 *   position: ({ id }) => id,
 *   onOpen: (send, position) => send(JSON.stringify({ subscribe: 'trades', after: position })),
 * })
 * ssc.receiverStream(trades).print()
 */
export function webSocket<T = string | Uint8Array>(url: string | URL, options: WebSocketOptions<T> = {}): Receiver<T> {
  return new WebSocketReceiver(url, options)
}

class WebSocketReceiver<T> extends Receiver<T> {
  readonly #url: string
  readonly #options: WebSocketOptions<T>
  readonly #idleMs: number | undefined
  #socket: WebSocketLike | undefined

  constructor(url: string | URL, options: WebSocketOptions<T>) {
    super()
    checkOptions(WHERE, options, KNOWN)
    this.#url = checkUrl(WHERE, url, WEB_SOCKET)
    for (const name of ['onOpen', 'decode', 'position', 'WebSocket'] as const) {
      if (options[name] !== undefined) aFunction(WHERE, name, options[name])
    }
    const { protocols, idleTimeout } = options
    const list = typeof protocols === 'string' ? [protocols] : (protocols ?? [])
    if (!Array.isArray(list) || !list.every((name) => typeof name === 'string')) {
      throw badOption(WHERE, 'protocols', 'a name, or an array of names', protocols)
    }
    this.#options = { ...options, protocols: list as readonly string[] }
    this.#idleMs = idleTimeout && checkPositiveDuration(`${WHERE}, option idleTimeout`, idleTimeout).milliseconds
  }

  async onStart(signal: AbortSignal): Promise<void> {
    const WebSocket = this.#options.WebSocket ?? (await defaultWebSocket())
    const shown = shownUrl(this.#url)
    const socket = new WebSocket(this.#url, [...(this.#options.protocols as readonly string[])])
    socket.binaryType = 'arraybuffer'
    this.#socket = socket
    const idle = new IdleTimer(WHERE, shown, this.#idleMs)
    const ended = new Promise<never>((_, reject) => {
      socket.addEventListener('error', (event: { error?: unknown; message?: string }) => {
        reject(badAnswer(WHERE, shown, `is away: ${event.error === undefined ? event.message : reasonOf(event.error)}`))
      })
      socket.addEventListener('close', ({ code, reason }: { code: number; reason: string }) => {
        reject(badAnswer(WHERE, shown, `has closed the connection with ${code}${reason === '' ? '' : ` (${reason})`}`))
      })
      socket.addEventListener('message', ({ data }: { data: unknown }) => {
        idle.touch()
        if (signal.aborted) return
        try {
          this.#store(data)
        } catch (error) {
          reject(error as Error)
        }
      })
      idle.signal.addEventListener('abort', () => reject(idle.signal.reason as Error))
    })
    socket.addEventListener('open', () => this.#options.onOpen?.((data) => socket.send(data), this.position))
    try {
      await Promise.race([ended, aborted(signal)])
    } finally {
      idle.pause()
      socket.close()
    }
  }

  onStop(): void {
    this.#socket?.close()
    this.#socket = undefined
  }

  #store(data: unknown): void {
    const { decode, position } = this.#options
    const message = data instanceof ArrayBuffer ? new Uint8Array(data) : String(data)
    let record: T
    try {
      record = decode === undefined ? (message as T) : decode(message)
    } catch (error) {
      return this.reportError('A message does not decode and is left out', error)
    }
    this.store(record, position?.(record))
  }
}

/** Loads undici where Node has no WebSocket of its own. */
async function defaultWebSocket(): Promise<NonNullable<WebSocketOptions<never>['WebSocket']>> {
  const { WebSocket } = globalThis as { WebSocket?: NonNullable<WebSocketOptions<never>['WebSocket']> }
  if (WebSocket !== undefined) return WebSocket
  const undici = await loadPackage('undici', () => import('undici'), webSocketMissing)
  return undici.WebSocket as NonNullable<WebSocketOptions<never>['WebSocket']>
}
