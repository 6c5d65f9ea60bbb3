import { concat } from '../../base/values/bytes.js'

const HEAD_BYTES = 4

/** Cuts a stream of chunks into frames: a 32-bit length, most significant byte first, followed by that many bytes. */
export class FrameCutter {
  readonly #maxBytes: number
  readonly #tooLong: (length: number, bound: number) => Error
  #waiting: Uint8Array[] = []
  #waitingBytes = 0

  constructor(maxBytes: number, tooLong: (length: number, bound: number) => Error) {
    this.#maxBytes = maxBytes
    this.#tooLong = tooLong
  }

  /** Returns the frames that are complete now, without their lengths. @throws the `tooLong` error for a longer frame */
  push(chunk: Uint8Array): Uint8Array[] {
    this.#waiting.push(chunk)
    this.#waitingBytes += chunk.length
    const frames: Uint8Array[] = []
    for (let length = this.#nextLength(); length !== undefined; length = this.#nextLength()) {
      if (this.#waitingBytes < HEAD_BYTES + length) break
      const frame = this.#take(HEAD_BYTES + length).subarray(HEAD_BYTES)
      if (frame.length > 0) frames.push(frame)
    }
    return frames
  }

  /** The bytes that the current frame still lacks; 0 between two frames. */
  get missing(): number {
    if (this.#waitingBytes === 0) return 0
    return HEAD_BYTES + (this.#nextLength() ?? 0) - this.#waitingBytes
  }

  #nextLength(): number | undefined {
    if (this.#waitingBytes < HEAD_BYTES) return undefined
    if (this.#waiting[0]!.length < HEAD_BYTES) this.#waiting = [concat(this.#waiting)]
    const head = this.#waiting[0]!
    const length = new DataView(head.buffer, head.byteOffset, HEAD_BYTES).getUint32(0)
    if (length > this.#maxBytes) throw this.#tooLong(length, this.#maxBytes)
    return length
  }

  #take(bytes: number): Uint8Array {
    const whole = concat(this.#waiting)
    const rest = whole.subarray(bytes)
    this.#waiting = rest.length === 0 ? [] : [rest]
    this.#waitingBytes = rest.length
    return whole.subarray(0, bytes)
  }
}
