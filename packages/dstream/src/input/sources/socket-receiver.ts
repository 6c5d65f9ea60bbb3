import type { Connect, Connection } from '../../base/ports.js'
import { Receiver } from '../receive/receiver.js'

export interface Address {
  readonly host: string
  readonly port: number
}

/** Reads the chunks of one connection. */
export interface ChunkReader {
  /** Reads a chunk. The socket is paused until the promise resolves; `false` pauses it until `ready()` does. */
  data(chunk: Uint8Array): boolean | Promise<void>
  /** The server has ended the connection without an error. The promise resolves when all data is stored. */
  end(): void | Promise<void>
}

/**
 * A receiver that connects to a server and restarts with back-off when the connection fails or ends (reference:
 * `SocketReceiver`). The subclass turns the bytes into records.
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

  /** Returns a reader for a new connection. */
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
      ended: () => this.#unlessAborted(signal, () => this.#end(reader, signal)),
      failed: (error) =>
        this.#unlessAborted(signal, () =>
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
    this.#unlessAborted(signal, () => {
      const more = reader.data(chunk)
      if (more === true) return
      connection.pause()
      const ready = more === false ? this.ready() : more
      ready.then(
        () => this.#unlessAborted(signal, () => connection.resume()),
        (error: unknown) => this.#failed(signal, error),
      )
    })
  }

  #end(reader: ChunkReader, signal: AbortSignal): void {
    const over = (): void => this.#unlessAborted(signal, () => this.restart('Socket data stream had no more data'))
    const ending = reader.end()
    if (ending === undefined) over()
    else ending.then(over, (error: unknown) => this.#failed(signal, error))
  }

  /** Catches every error: an exception in a callback of the socket would end the process. */
  #unlessAborted(signal: AbortSignal, act: () => void): void {
    if (signal.aborted) return
    try {
      act()
    } catch (error) {
      this.#failed(signal, error)
    }
  }

  /** Restarts, unless the supervisor has: it has then refused the data, reported that and aborted the signal. */
  #failed(signal: AbortSignal, error: unknown): void {
    if (!signal.aborted) this.restart('Error receiving data', error)
  }
}
