import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { ScraperError, messageOf } from '../errors.js'
import { FeedConnection, type ConnectionPorts } from './feed-connection.js'
import type { FeedLog } from './feed-log.js'

export interface FeedServerOptions extends ConnectionPorts {
  readonly host: string
  /** 0 lets the system choose one. */
  readonly port: number
  readonly maxClients: number
}

/** The time that clients have for reading their last lines when the server closes, in milliseconds. */
const CLOSING_MS = 2000

/**
 * The feed on TCP: one line of JSON per post, to every client at its own pace. A client that sends nothing gets every
 * post from its connection on. A client that sends `{"resume":"<cursor>"}` gets the posts after the cursor, with cursors.
 */
export class FeedServer {
  readonly #server: Server
  readonly #log: FeedLog
  readonly #options: FeedServerOptions
  readonly #clients = new Set<FeedConnection>()
  readonly #subscription: { unsubscribe(): void }

  /** @throws ScraperError `port-in-use` */
  static async listen(log: FeedLog, options: FeedServerOptions): Promise<FeedServer> {
    const feed = new FeedServer(log, options)
    await listen(feed.#server, options.port, options.host, 'feed', '--port')
    return feed
  }

  private constructor(log: FeedLog, options: FeedServerOptions) {
    this.#log = log
    this.#options = options
    // A client may close its sending side at once (`nc` with no input) and still wants to read.
    this.#server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 10_000 })
    this.#server.on('connection', (socket) => this.#accept(socket))
    this.#subscription = log.subscribe(() => {
      for (const client of [...this.#clients]) client.pump()
    })
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Returns the connected clients and the number of posts that wait for each. */
  clients(): { name: string; lag: number }[] {
    return [...this.#clients].map(({ name, lag }) => ({ name, lag }))
  }

  /** Sends the rest of the log to the clients that accept it, then closes every connection. */
  async close(): Promise<void> {
    this.#subscription.unsubscribe()
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const client of this.#clients) {
      client.pump()
      client.end()
    }
    const { clock } = this.#options
    const timer = clock.setTimer(clock.now() + CLOSING_MS, () => {
      for (const client of this.#clients) client.destroy()
    })
    await closed
    timer.cancel()
  }

  /** Frees a place by dropping a client that has closed its sending side: it has most likely left. */
  #makeRoom(): void {
    const left = [...this.#clients].find(({ halfClosed }) => halfClosed)
    left?.destroy()
    if (left !== undefined) this.#clients.delete(left)
  }

  #accept(socket: Socket): void {
    const { counters, logger, maxClients } = this.#options
    if (this.#clients.size >= maxClients) this.#makeRoom()
    if (this.#clients.size >= maxClients) {
      counters.add('clientsRefused')
      logger.warn({ client: socket.remoteAddress, maxClients }, 'too many clients: one was refused (--max-clients)')
      socket.on('error', () => {})
      socket.destroy()
      return
    }
    const client = new FeedConnection(socket, this.#log, this.#options)
    const { name } = client
    this.#clients.add(client)
    counters.add('clients')
    logger.info({ client: name, clients: this.#clients.size }, 'client connected')
    socket.on('close', () => {
      this.#clients.delete(client)
      logger.info({ client: name, clients: this.#clients.size }, 'client left')
    })
  }
}

/** Starts listening. @throws ScraperError `port-in-use`, `cannot-listen` */
export async function listen(
  server: Pick<Server, 'listen' | 'once' | 'off'>,
  port: number,
  host: string,
  what: string,
  option: string,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host }, () => {
      server.off('error', reject)
      resolve()
    })
  }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'EADDRINUSE') {
      const message = `Cannot listen on port ${port} of ${host}, for the ${what} (${messageOf(cause)})`
      throw new ScraperError('cannot-listen', `${message}. Choose another port with ${option}, or another --host.`, {
        cause,
      })
    }
    const advice = `Choose another with ${option}, for example ${option} ${port + 10}, or stop the program that has it.`
    throw new ScraperError('port-in-use', `Port ${port} on ${host}, for the ${what}, is in use. ${advice}`, { cause })
  })
}
