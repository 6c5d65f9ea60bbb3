import type { Connect, Connection } from '../../base/ports.js'
import { Receiver } from '../receive/receiver.js'

export interface Address {
  readonly host: string
  readonly port: number
}

/** What one connection feeds. */
export interface ChunkReader {
  /** `false` asks to wait for `ready()`: the socket is paused meanwhile. */
  data(chunk: Uint8Array): boolean | Promise<void>
  /** The other side has ended the connection in good order; a promise resolves when all that came is stored. */
  end(): void | Promise<void>
}

/**
 * A receiver that connects to a server, keeps the connection going and starts again with back-off when there is none
 * (reference: `SocketReceiver`). How the bytes become records is for the subclass.
 */
export abstract class SocketReceiver<T> extends Receiver<T> {
  readonly #address: Address
  readonly #connect: Connect
  #connection: Connection | undefined

  constructor(address: Address, connect: Connect) {
    super()
    this.#address = address
    this.#connect = connect
  }

  /** A reader for a new connection. */
  protected abstract reader(signal: AbortSignal): ChunkReader

  override onStart(signal: AbortSignal): void {
    const { host, port } = this.#address
    const reader = this.reader(signal)
    let opened = false
    const connection = this.#connect(host, port, {
      opened: () => {
        opened = true
      },
      data: (chunk) => this.#read(reader, chunk, connection, signal),
      ended: () => this.#unlessOver(signal, () => this.#end(reader, signal)),
      failed: (error) =>
        this.#unlessOver(signal, () =>
          this.restart(opened ? 'Error receiving data' : `Error connecting to ${host}:${port}`, error),
        ),
    })
    this.#connection = connection
  }

  override onStop(): void {
    this.#connection?.close()
    this.#connection = undefined
  }

  #read(reader: ChunkReader, chunk: Uint8Array, connection: Connection, signal: AbortSignal): void {
    this.#unlessOver(signal, () => {
      const more = reader.data(chunk)
      if (more === true) return
      connection.pause()
      const ready = more === false ? this.ready() : more
      ready.then(
        () => this.#unlessOver(signal, () => connection.resume()),
        (error: unknown) => this.#failed(signal, error),
      )
    })
  }

  #end(reader: ChunkReader, signal: AbortSignal): void {
    const over = (): void => this.#unlessOver(signal, () => this.restart('Socket data stream had no more data'))
    const ending = reader.end()
    if (ending === undefined) over()
    else ending.then(over, (error: unknown) => this.#failed(signal, error))
  }

  /** Nothing may leave a callback of the socket: it would end the process. */
  #unlessOver(signal: AbortSignal, act: () => void): void {
    if (signal.aborted) return
    try {
      act()
    } catch (error) {
      this.#failed(signal, error)
    }
  }

  /** The supervisor has reported it already when it was the one that refused; then this life is over. */
  #failed(signal: AbortSignal, error: unknown): void {
    if (!signal.aborted) this.restart('Error receiving data', error)
  }
}
