import { aFunction } from '../../base/options.js'
import type { Connect } from '../../base/ports.js'
import { addressOf } from './address.js'
import { ChunkStream } from './chunk-stream.js'
import type { InputSource, SourceHome } from './input-source.js'
import { receiverInput } from './receiver-input.js'
import { SocketReceiver } from './socket-receiver.js'
import type { Address, ChunkReader } from './socket-receiver.js'

/** Turns the chunks of one connection into records. It is called once for each connection. */
export type Decode<T> = (chunks: AsyncIterable<Uint8Array>) => AsyncIterable<T>

/**
 * The records that `decode` reads from the bytes of a server. When `decode` ends, at the end of the connection or before,
 * or throws, the receiver connects again with back-off. The socket is read no faster than `decode` takes the chunks.
 *
 * Guarantees: those of `socketTextStream`, for the records that `decode` gives. Reference: `SocketInputDStream`.
 */
export function decodedSocket<T>(
  home: SourceHome,
  connect: Connect,
  host: string,
  port: number,
  decode: Decode<T>,
): InputSource<T> {
  const address = addressOf('socketStream', host, port)
  aFunction('socketStream', 'decode', decode)
  return receiverInput(home, new DecodedSocketReceiver(address, connect, decode), {
    kind: 'socketStream',
    params: { ...address },
    label: 'Socket',
  })
}

class DecodedSocketReceiver<T> extends SocketReceiver<T> {
  readonly #decode: Decode<T>

  constructor(address: Address, connect: Connect, decode: Decode<T>) {
    super(address, connect)
    this.#decode = decode
  }

  protected override reader(signal: AbortSignal): ChunkReader {
    const chunks = new ChunkStream()
    const end = (): void => chunks.end()
    signal.addEventListener('abort', end)
    const decoding = this.#storeAll(chunks, signal)
    decoding.then(
      () => signal.aborted || this.restart('Socket data stream had no more data'),
      (error: unknown) => signal.aborted || this.restart('Error receiving data', error),
    )
    return {
      data: (chunk) => chunks.push(chunk),
      end: () => {
        end()
        return decoding
      },
    }
  }

  async #storeAll(chunks: ChunkStream, signal: AbortSignal): Promise<void> {
    for await (const record of this.#decode(chunks)) {
      if (signal.aborted) return
      if (!this.store(record)) await this.ready()
    }
  }
}
