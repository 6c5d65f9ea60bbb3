import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** The break of a connection: it loses a piece of data in one direction, all of it or its second half, and everything after it. */
export interface Cut {
  readonly way: 'request' | 'reply'
  /** The index of the piece in its direction, from 0, counted over all connections. */
  readonly piece: number
  readonly half: boolean
}

/** A proxy to a server that breaks the connection once, at any piece of data. */
export class BreakingWay {
  readonly pieces = { request: 0, reply: 0 }
  cut: Cut | undefined
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

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

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #forward(way: Cut['way'], from: Socket, to: Socket): void {
    this.#sockets.add(from)
    from.on('error', () => undefined)
    from.on('close', () => to.end())
    from.on('data', (data) => {
      const { cut } = this
      const piece = this.pieces[way]++
      if (cut?.way !== way || cut.piece !== piece) return void to.write(data)
      this.cut = undefined
      // `end`, so that the data before it still reaches the server.
      if (cut.half) to.end(data.subarray(0, data.length >> 1))
      else to.end()
      from.destroy()
    })
  }
}
