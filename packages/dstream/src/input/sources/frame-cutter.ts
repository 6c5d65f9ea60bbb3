import { concat } from '../../base/bytes.js'

const HEAD_BYTES = 4

/** Cuts a stream of chunks into frames of a 32 bit length, most significant byte first, and so many bytes. */
export class FrameCutter {
  readonly #maxBytes: number
  readonly #tooLong: (length: number, bound: number) => Error
  #waiting: Uint8Array[] = []
  #held = 0

  constructor(maxBytes: number, tooLong: (length: number, bound: number) => Error) {
    this.#maxBytes = maxBytes
    this.#tooLong = tooLong
  }

  /** The frames that are complete now, without their lengths. Throws at one that is longer than the bound. */
  push(chunk: Uint8Array): Uint8Array[] {
    this.#waiting.push(chunk)
    this.#held += chunk.length
    const frames: Uint8Array[] = []
    for (let length = this.#nextLength(); length !== undefined; length = this.#nextLength()) {
      if (this.#held < HEAD_BYTES + length) break
      const frame = this.#take(HEAD_BYTES + length).subarray(HEAD_BYTES)
      if (frame.length > 0) frames.push(frame)
    }
    return frames
  }

  /** Bytes that the frame under way still lacks; 0 between two frames. */
  get missing(): number {
    if (this.#held === 0) return 0
    return HEAD_BYTES + (this.#nextLength() ?? 0) - this.#held
  }

  #nextLength(): number | undefined {
    if (this.#held < HEAD_BYTES) return undefined
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
    this.#held = rest.length
    return whole.subarray(0, bytes)
  }
}
