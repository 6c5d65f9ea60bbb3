import { timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { DStreamError, Receiver } from 'dstream'
import { badOption } from '../../base/errors/options.js'
import { aFunction, aString, checkOptions, positiveInteger } from '../../base/options.js'
import { aborted } from './aborted.js'
import { decodeBody } from './decode-body.js'
import { cannotListen } from './errors.js'
import { GroupedStore } from './grouped-store.js'
import { bodyOf, Refusal } from './request-body.js'
import { SeenKeys } from './seen-keys.js'

/** The parts of a request that a function is given. */
export type HttpRequest = Pick<IncomingMessage, 'headers' | 'method' | 'url'>

/** The options of `httpReceiver`. */
export interface HttpReceiverOptions<T> {
  /** The port; 0 for any free one. */
  readonly port: number
  /** The address to listen on; default `127.0.0.1`, which only programs of this machine reach. `0.0.0.0` for all. */
  readonly host?: string | undefined
  /** The path of the requests; default `/`. */
  readonly path?: string | undefined
  /** The bearer token that requests have to bring, or a function that decides about a request. Default: none is needed. */
  readonly auth?: string | ((request: HttpRequest) => boolean | Promise<boolean>) | undefined
  /** The most bytes of a body, before and after it is decompressed; default 1 MiB. */
  readonly maxBody?: number | undefined
  /**
   * Returns the records of a body. By default the content type decides: JSON (a value, or an array of records), NDJSON, or
   * CSV with a header (needs the package `csv-parse`). What it throws is answered with 400.
   */
  readonly decode?: ((body: Uint8Array, request: HttpRequest) => Iterable<T> | Promise<Iterable<T>>) | undefined
  /** The number of `Idempotency-Key`s that are remembered, over restarts too; default 1000. */
  readonly rememberedKeys?: number | undefined
  /** Key and certificate, for HTTPS; the options of `node:https`. */
  readonly tls?: ServerOptions | undefined
}

const WHERE = 'httpReceiver'
const KNOWN = ['port', 'host', 'path', 'auth', 'maxBody', 'decode', 'rememberedKeys', 'tls'] as const

/** What a sender waits before the next attempt, in seconds. A batch that is done makes room. */
const RETRY_AFTER_S = 1

/** How long a stop waits for requests under way, and how long the rest of a refused body is read, in milliseconds. */
const STOP_MS = 5000
const DISCARD_MS = 1000

/**
 * Returns a receiver of POST requests. A request is answered with 202 once its records are durable: with a checkpoint
 * directory they survive a crash from then on. While the buffer is full (`maxBufferedRecords`, `maxBufferedBytes`) it is
 * answered with 503 and `Retry-After`. A request that is sent again with the `Idempotency-Key` of an earlier one is answered
 * in the same way, and its records count once.
 *
 * @throws `bad-option`, `unknown-option`; an address that is in use is reported, and tried again
 *
 * @example
 * import { httpReceiver } from 'dstream/http'
 * ssc.receiverStream(httpReceiver<{ page: string }>({ port: 8080, path: '/clicks', auth: 'secret' })).print()
 */
export function httpReceiver<T = unknown>(options: HttpReceiverOptions<T>): HttpReceiver<T> {
  return new HttpReceiver(options)
}

/** Receives records as POST requests; `httpReceiver` makes it. */
export class HttpReceiver<T> extends Receiver<T> {
  readonly #options: HttpReceiverOptions<T>
  readonly #maxBody: number
  readonly #rememberedKeys: number
  #server: Server | undefined
  #store: GroupedStore | undefined

  constructor(options: HttpReceiverOptions<T>) {
    super()
    checkOptions(WHERE, options, KNOWN)
    // Without options, the error names the first one that is missing.
    const given = (options as HttpReceiverOptions<T> | undefined) ?? ({} as HttpReceiverOptions<T>)
    const { port, host, path, auth, maxBody = 1024 * 1024, decode, rememberedKeys = 1000, tls } = given
    if (!Number.isInteger(port) || port < 0 || port > 65_535) throw badOption(WHERE, 'port', 'a port, 0 to 65535', port)
    if (host !== undefined) aString(WHERE, 'host', host)
    if (path !== undefined && (typeof path !== 'string' || !path.startsWith('/'))) {
      throw badOption(WHERE, 'path', 'a path that begins with /', path)
    }
    if (auth !== undefined && typeof auth !== 'function' && (typeof auth !== 'string' || auth === '')) {
      throw badOption(WHERE, 'auth', 'a token, or a function that returns whether a request may pass', auth)
    }
    if (decode !== undefined) aFunction(WHERE, 'decode', decode)
    if (tls !== undefined && (typeof tls !== 'object' || tls === null))
      throw badOption(WHERE, 'tls', 'options of node:https', tls)
    this.#options = given
    this.#maxBody = positiveInteger(WHERE, 'maxBody', maxBody)
    this.#rememberedKeys = positiveInteger(WHERE, 'rememberedKeys', rememberedKeys)
  }

  /** The address of the endpoint, while it listens. */
  get url(): string | undefined {
    const address = this.#server?.address() as AddressInfo | null | undefined
    if (address === null || address === undefined) return undefined
    const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
    return `${this.#options.tls === undefined ? 'http' : 'https'}://${host}:${address.port}${this.#options.path ?? '/'}`
  }

  async onStart(signal: AbortSignal): Promise<void> {
    const { port, host = '127.0.0.1', tls } = this.#options
    const seen = new SeenKeys(this.#rememberedKeys, this.position)
    this.#store = new GroupedStore((records, options) => this.storeBlock(records as T[], options), seen)
    const listener: RequestListener = (request, response) => void this.#answer(request, response)
    const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener)
    const failure = new Promise<never>((_, reject) => {
      server.once('error', (error) => reject(cannotListen(`${host}:${port}`, error)))
    })
    await Promise.race([new Promise<void>((resolve) => server.listen(port, host, resolve)), failure])
    this.#server = server
    if (signal.aborted) return this.onStop()
    await Promise.race([failure, aborted(signal)])
  }

  /** Answers the requests under way, and takes no further ones. */
  async onStop(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (server === undefined) return
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeIdleConnections()
    const timer = setTimeout(() => server.closeAllConnections(), STOP_MS)
    await closed
    clearTimeout(timer)
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const { status, body } = await this.#take(request)
      this.#send(response, status, body)
    } catch (error) {
      const refusal = error instanceof Refusal ? error : this.#failed(error)
      this.#send(response, refusal.status, { error: refusal.message }, refusal.headers)
      if (!request.complete) discardRest(request)
    }
  }

  async #take(request: IncomingMessage): Promise<{ status: number; body: object }> {
    await this.#mustBeWelcome(request)
    const body = await bodyOf(request, this.#maxBody)
    const records = await this.#decoded(body, request)
    if (!(await this.#hasRoom())) throw fullNow()
    const key = request.headers['idempotency-key']
    const isNew = await this.#store!.add(records, typeof key === 'string' && key !== '' ? key : undefined)
    return { status: 202, body: isNew ? { records: records.length } : { records: records.length, repeated: true } }
  }

  /** @throws Refusal */
  async #mustBeWelcome(request: IncomingMessage): Promise<void> {
    const { path = '/', auth } = this.#options
    if (new URL(request.url ?? '/', 'http://x').pathname !== path) throw new Refusal(404, `Send to ${path}.`)
    if (request.method !== 'POST') throw new Refusal(405, 'Send a POST.', { allow: 'POST' })
    const isAllowed = auth === undefined || (typeof auth === 'string' ? hasToken(request, auth) : await auth(request))
    if (!isAllowed) throw new Refusal(401, 'The request is not authorized.', { 'www-authenticate': 'Bearer' })
    if (!(await this.#hasRoom())) throw fullNow()
  }

  async #decoded(body: Uint8Array, request: IncomingMessage): Promise<readonly T[]> {
    const { decode } = this.#options
    if (decode === undefined) return (await decodeBody(body, request.headers['content-type'])) as T[]
    try {
      return [...(await decode(body, request))]
    } catch (error) {
      if (error instanceof Refusal) throw error
      throw new Refusal(400, error instanceof Error ? error.message : String(error))
    }
  }

  #send(response: ServerResponse, status: number, body: object, headers: Readonly<Record<string, string>> = {}): void {
    // A connection that stays open would keep a server that stops from closing.
    const last = this.#server === undefined ? { connection: 'close' } : {}
    response.writeHead(status, { 'content-type': 'application/json', ...headers, ...last })
    response.end(JSON.stringify(body))
  }

  /** Whether the buffer takes more now. */
  #hasRoom(): Promise<boolean> {
    const later = new Promise<boolean>((resolve) => setImmediate(resolve, false))
    return Promise.race([this.ready().then(() => true), later])
  }

  /** Returns the answer to a request that has failed on this side. */
  #failed(error: unknown): Refusal {
    if (error instanceof DStreamError && error.code === 'receiver-stopped') return fullNow()
    this.reportError('A request could not be stored', error)
    return new Refusal(500, 'The records could not be stored; send them again.')
  }
}

function fullNow(): Refusal {
  return new Refusal(503, 'The buffer is full; send the request again later.', { 'retry-after': String(RETRY_AFTER_S) })
}

function hasToken(request: IncomingMessage, token: string): boolean {
  const given = Buffer.from(request.headers.authorization ?? '')
  const wanted = Buffer.from(`Bearer ${token}`)
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

/** Reads what a sender has yet to send, for a while: a connection that is closed at once would lose the answer on its way. */
function discardRest(request: IncomingMessage): void {
  request.on('error', () => undefined)
  request.resume()
  const timer = setTimeout(() => request.destroy(), DISCARD_MS)
  request.once('close', () => clearTimeout(timer))
}
