import { lineTooLong } from '../../base/errors/receive.js'
import { checkOptions, positiveInteger } from '../../base/options.js'
import type { Connect } from '../../base/ports.js'
import type { InputSource, SourceHome } from './input-source.js'
import { LineCutter } from '../../base/lines/line-cutter.js'
import { lineCodec } from '../../base/lines/line-codec.js'
import { receiverInput } from './receiver-input.js'
import { addressOf } from './address.js'
import { SocketReceiver } from './socket-receiver.js'
import type { Address, ChunkReader } from './socket-receiver.js'

/** The options of `socketTextStream`. */
export interface SocketTextOptions {
  /** The longest line that is accepted, in bytes; default 1 MiB. A longer line is left out and reported. */
  readonly maxLineBytes?: number | undefined
}

/**
 * The lines of UTF-8 text that a server sends. A line ends with `\n`, `\r\n` or a lone `\r`; the end of the connection
 * also ends the last one. Connects again with back-off, without limit. Lines stay bytes until their batch is evaluated.
 *
 * Guarantees: each line that was received is in one batch. Data that the server sends while there is no connection is lost.
 * Reference: `SocketInputDStream`.
 */
export function socketText(
  home: SourceHome,
  connect: Connect,
  host: string,
  port: number,
  options: SocketTextOptions = {},
): InputSource<string> {
  const address = addressOf('socketTextStream', host, port)
  checkOptions('socketTextStream', options, ['maxLineBytes'])
  const maxLineBytes = positiveInteger('socketTextStream', 'maxLineBytes', options.maxLineBytes ?? 1024 * 1024)
  return receiverInput(home, new SocketTextReceiver(address, connect, maxLineBytes), {
    kind: 'socketTextStream',
    params: { ...address },
    label: 'Socket',
  })
}

class SocketTextReceiver extends SocketReceiver<string> {
  override readonly codecs = [lineCodec]
  readonly #maxLineBytes: number

  constructor(address: Address, connect: Connect, maxLineBytes: number) {
    super(address, connect)
    this.#maxLineBytes = maxLineBytes
  }

  protected override reader(): ChunkReader {
    const cutter = new LineCutter(this.#maxLineBytes, () => {
      const error = lineTooLong(this.#maxLineBytes)
      this.reportError(error.message, error)
    })
    const store = (lines: Uint8Array | undefined): boolean => lines === undefined || this.storeChunk(lines, lineCodec)
    return { data: (chunk) => store(cutter.push(chunk)), end: () => void store(cutter.end()) }
  }
}
