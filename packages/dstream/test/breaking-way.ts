import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** The break of a connection: it loses a piece of data in one direction, all of it or its second half, and everything after it. */
export interface Cut {
  readonly way: 'request' | 'reply'
  /** The index of the piece in its direction, from 0, counted over all connections. */
  readonly piece: number
  readonly half: boolean
}

/**
 * A proxy to a server that breaks the connection once, at any piece of data. It can also delay all data, and hold a
 * connection half open: both ends stay connected, and nothing passes any more.
 */
export class BreakingWay {
  readonly pieces = { request: 0, reply: 0 }
  cut: Cut | undefined
  /**
   * Chooses a request by its bytes, once: it does not reach the server (`request`), or its reply does not come (`reply`). Its
   * connection is half open from then on.
   */
  silence: { readonly isIt: (data: Buffer) => boolean; readonly lost: Cut['way'] } | undefined
  /** The time for which each piece of data is held back, in milliseconds. */
  delayMs = 0
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #stalled = new WeakSet<Socket>()

  private constructor(target: number) {
    this.#server = createServer((client) => {
      const server = connect(target, '127.0.0.1')
      this.#forward('request', client, server)
      this.#forward('reply', server, client)
    })
  }

  static async to(target: number): Promise<BreakingWay> {
    const way = new BreakingWay(target)
    way.#server.listen(0, '127.0.0.1')
    await once(way.#server, 'listening')
    return way
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** Lets nothing pass on the connections that there are. New ones work. */
  stall(): void {
    for (const socket of this.#sockets) this.#stalled.add(socket)
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #forward(way: Cut['way'], from: Socket, to: Socket): void {
    this.#sockets.add(from)
    from.on('error', () => undefined)
    // The other end of a half-open connection never hears that this one is gone.
    from.on('close', () => (this.#sockets.delete(from), this.#stalled.has(from) ? undefined : to.end()))
    from.on('data', (data) => {
      if (this.#stalled.has(from)) return
      const { cut, silence } = this
      if (way === 'request' && silence?.isIt(data) === true) {
        this.silence = undefined
        if (silence.lost === 'reply') to.write(data)
        for (const socket of [from, to]) this.#stalled.add(socket)
        return
      }
      const piece = this.pieces[way]++
      if (cut?.way !== way || cut.piece !== piece) return this.#pass(data, to)
      this.cut = undefined
      // `end`, so that the data before it still reaches the server.
      if (cut.half) to.end(data.subarray(0, data.length >> 1))
      else to.end()
      from.destroy()
    })
  }

  #pass(data: Buffer, to: Socket): void {
    if (this.delayMs === 0) to.write(data)
    else setTimeout(() => to.write(data), this.delayMs)
  }
}
