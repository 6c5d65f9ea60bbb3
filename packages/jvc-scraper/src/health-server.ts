import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { listen } from './feed/feed-server.js'

/** What the health page tells; `ok` false answers 503. */
export interface Health {
  readonly ok: boolean
  readonly [detail: string]: unknown
}

/** `GET /health` on loopback only, whatever `--host` says: counters are nobody else's business. */
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
      // Another name in Host is a page of some other site that was led here.
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
