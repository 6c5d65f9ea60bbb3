import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { listen } from './feed/feed-server.js'

/** The content of `/health` and `/health/ready`; `ok: false` answers 503. */
export interface Health {
  readonly ok: boolean
  readonly [detail: string]: unknown
}

export interface HealthServerOptions {
  /** The longest time for a whole request, in milliseconds. Default 5000. */
  readonly requestMs?: number | undefined
  /** The most connections at once; a further one closes the oldest. Default 32. */
  readonly maxConnections?: number | undefined
}

/** Serves `/health`, `/health/ready` and `/health/live`, on loopback only and independent of `--host`: counters are internal. */
export class HealthServer {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #maxConnections: number

  /** @throws ScraperError `port-in-use`, `cannot-listen` */
  static async listen(port: number, health: () => Health, options: HealthServerOptions = {}): Promise<HealthServer> {
    const server = new HealthServer(health, options)
    await listen(server.#server, port, '127.0.0.1', 'health page', '--health-port')
    return server
  }

  private constructor(health: () => Health, { requestMs = 5000, maxConnections = 32 }: HealthServerOptions) {
    this.#maxConnections = maxConnections
    const limits = {
      headersTimeout: requestMs,
      requestTimeout: requestMs,
      connectionsCheckingInterval: Math.ceil(requestMs / 5),
    }
    this.#server = createServer(limits, (request, response) => answer(request, response, health))
    this.#server.on('connection', (socket) => this.#accept(socket))
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** The number of open connections. */
  get connections(): number {
    return this.#sockets.size
  }

  close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }

  /** Half-sent requests take no descriptor from a whole one: the oldest connection makes room. */
  #accept(socket: Socket): void {
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    const [oldest] = this.#sockets
    if (this.#sockets.size <= this.#maxConnections || oldest === undefined) return
    this.#sockets.delete(oldest)
    oldest.destroy()
  }
}

/** Answers by the rules of a job's page: `live` as long as the process answers, `ready` and `/health` by what it does. */
function answer(request: IncomingMessage, response: ServerResponse, health: () => Health): void {
  const { status, body, headers = {} } = answerTo(request, health)
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    // One request a connection: nothing is kept open for another one.
    connection: 'close',
    ...headers,
  })
  response.end(request.method === 'HEAD' ? undefined : `${JSON.stringify(body)}\n`)
}

interface Answer {
  readonly status: number
  readonly body: object
  readonly headers?: Readonly<Record<string, string>>
}

function answerTo({ headers, method, url }: IncomingMessage, health: () => Health): Answer {
  // Another name in Host means DNS rebinding: a page of another site makes this request.
  if (!/^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/.test(headers.host ?? '')) {
    return refusal(421, `${headers.host ?? 'No name'} is not a name of this address`)
  }
  const path = url?.split('?', 1)[0]
  if (path !== '/health' && path !== '/health/ready' && path !== '/health/live') {
    return refusal(404, 'There is /health, /health/ready and /health/live')
  }
  if (method !== 'GET' && method !== 'HEAD')
    return { ...refusal(405, `${method} is not possible here`), headers: { allow: 'GET' } }
  if (path === '/health/live') return { status: 200, body: { status: 'ok' } }
  const state = health()
  return { status: state.ok ? 200 : 503, body: { status: state.ok ? 'ok' : 'unavailable', ...state } }
}

function refusal(status: number, message: string): Answer {
  return { status, body: { status, message } }
}
