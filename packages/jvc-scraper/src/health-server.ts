import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { listen } from './feed/feed-server.js'

/** The content of the health page; `ok: false` answers 503. */
export interface Health {
  readonly ok: boolean
  readonly [detail: string]: unknown
}

/** Serves `GET /health`, on loopback only and independent of `--host`, because counters are internal. */
export class HealthServer {
  readonly #server: Server

  /** @throws ScraperError `port-in-use` */
  static async listen(port: number, health: () => Health): Promise<HealthServer> {
    const server = new HealthServer(health)
    await listen(server.#server, port, '127.0.0.1', 'health page', '--health-port')
    return server
  }

  private constructor(health: () => Health) {
    this.#server = createServer((request, response) => {
      // Another name in Host means DNS rebinding: a page of another site makes this request.
      const host = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/.test(request.headers.host ?? '')
      const found = host && request.method === 'GET' && request.url === '/health'
      const state = found ? health() : undefined
      response.writeHead(state === undefined ? (host ? 404 : 403) : state.ok ? 200 : 503, {
        'content-type': 'application/json; charset=utf-8',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      })
      response.end(`${JSON.stringify(state ?? { error: 'only GET /health' })}\n`)
    })
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  close(): Promise<void> {
    this.#server.closeAllConnections()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }
}
