import type { Codec } from '../../base/codec.js'
import { frameCutOff, frameTooLong } from '../../base/errors/receive.js'
import type { Connect } from '../../base/ports.js'
import { addressOf } from './address.js'
import { FrameCutter } from './frame-cutter.js'
import type { InputSource, SourceHome } from './input-source.js'
import { receiverInput } from './receiver-input.js'
import { SocketReceiver } from './socket-receiver.js'
import type { Address, ChunkReader } from './socket-receiver.js'

/** The longest frame that is accepted. A longer length means that the data is not framed. */
const MAX_FRAME_BYTES = 64 * 1024 * 1024

/**
 * Receives frames: a 32-bit length, most significant byte first, followed by that many bytes. Each frame becomes one block
 * as it is and is decoded by `codec` when its batch is evaluated. This is the fastest socket source; it passes the block
 * interval and the rate limit.
 * Reference: `RawInputDStream`.
 */
export function rawSocket<T>(
  home: SourceHome,
  connect: Connect,
  host: string,
  port: number,
  codec: Codec<T>,
): InputSource<T> {
  const address = addressOf('rawSocketStream', host, port)
  return receiverInput(home, new RawSocketReceiver(address, connect, codec), {
    kind: 'rawSocketStream',
    params: { ...address },
    label: 'Raw',
  })
}

class RawSocketReceiver<T> extends SocketReceiver<T> {
  override readonly codecs: readonly Codec<T>[]
  readonly #codec: Codec<T>

  constructor(address: Address, connect: Connect, codec: Codec<T>) {
    super(address, connect)
    this.#codec = codec
    this.codecs = [codec]
  }

  protected override reader(): ChunkReader {
    const cutter = new FrameCutter(MAX_FRAME_BYTES, frameTooLong)
    let stored: Promise<unknown> = Promise.resolve()
    return {
      data: async (chunk) => {
        const frames = cutter.push(chunk)
        await (stored = Promise.all(frames.map((frame) => this.storeBytes(frame, this.#codec))))
        await this.ready()
      },
      end: async () => {
        await stored
        const missing = cutter.missing
        if (missing === 0) return
        const error = frameCutOff(missing)
        this.reportError(error.message, error)
      },
    }
  }
}
