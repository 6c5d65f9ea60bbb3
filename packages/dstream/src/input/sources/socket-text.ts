import { lineTooLong } from '../../base/errors/receive.js'
import type { Codec } from '../../base/codec.js'
import { aCodec, checkOptions, positiveInteger } from '../../base/options.js'
import type { Connect } from '../../base/ports.js'
import type { InputSource, SourceHome } from './input-source.js'
import { LineCutter } from '../../base/lines/line-cutter.js'
import { lineCodec } from '../../base/lines/line-codec.js'
import { receiverInput } from './receiver-input.js'
import { addressOf } from './address.js'
import { SocketReceiver } from './socket-receiver.js'
import type { Address, ChunkReader } from './socket-receiver.js'

/** The options of `socketTextStream`. */
export interface SocketTextOptions<T = string> {
  /** The longest line that is accepted, in bytes; default 1 MiB. A longer line is left out and reported. */
  readonly maxLineBytes?: number | undefined
  /** Decodes whole lines into records, as `jsonLines` does; default the lines as strings. */
  readonly codec?: Codec<T> | undefined
}

/**
 * The lines of UTF-8 text that a server sends. A line ends with `\n`, `\r\n` or a lone `\r`; the end of the connection
 * also ends the last one. Connects again with back-off, without limit. Lines stay bytes until their batch is evaluated.
 *
 * Guarantees: each line that was received is in one batch. Data that the server sends while there is no connection is lost.
 * Reference: `SocketInputDStream`.
 */
export function socketText<T = string>(
  home: SourceHome,
  connect: Connect,
  host: string,
  port: number,
  options: SocketTextOptions<T> = {},
): InputSource<T> {
  const address = addressOf('socketTextStream', host, port)
  checkOptions('socketTextStream', options, ['maxLineBytes', 'codec'])
  const maxLineBytes = positiveInteger('socketTextStream', 'maxLineBytes', options.maxLineBytes ?? 1024 * 1024)
  const codec = aCodec('socketTextStream', options.codec ?? (lineCodec as unknown as Codec<T>))
  return receiverInput(home, new SocketTextReceiver(address, connect, maxLineBytes, codec), {
    kind: 'socketTextStream',
    params: { ...address },
    label: 'Socket',
  })
}

class SocketTextReceiver<T> extends SocketReceiver<T> {
  override readonly codecs: readonly Codec<T>[]
  readonly #codec: Codec<T>
  readonly #maxLineBytes: number

  constructor(address: Address, connect: Connect, maxLineBytes: number, codec: Codec<T>) {
    super(address, connect)
    this.codecs = [codec]
    this.#codec = codec
    this.#maxLineBytes = maxLineBytes
  }

  protected override reader(): ChunkReader {
    const cutter = new LineCutter(this.#maxLineBytes, () => {
      const error = lineTooLong(this.#maxLineBytes)
      this.reportError(error.message, error)
    })
    const store = (lines: Uint8Array | undefined): boolean => lines === undefined || this.storeChunk(lines, this.#codec)
    return { data: (chunk) => store(cutter.push(chunk)), end: () => void store(cutter.end()) }
  }
}
