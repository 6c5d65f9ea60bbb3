/** The bytes before a frame that give its length. */
const HEAD = 4

/** Cuts received bytes into frames: a length of 32 bits, then so many bytes. */
export class FrameReader {
  readonly #take: (frame: Buffer) => void
  #head = Buffer.alloc(HEAD)
  #body: Buffer | undefined
  #filled = 0

  /** @param take is given each frame, which is its own */
  constructor(take: (frame: Buffer) => void) {
    this.#take = take
  }

  add(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      const target = this.#body ?? this.#head
      const copied = chunk.copy(target, this.#filled, at)
      at += copied
      this.#filled += copied
      if (this.#filled < target.length) return
      this.#filled = 0
      if (this.#body === undefined) {
        this.#body = Buffer.allocUnsafe(this.#head.readUInt32BE())
        if (this.#body.length > 0) continue
      }
      const frame = this.#body
      this.#body = undefined
      this.#take(frame)
    }
  }
}

/**
 * Puts frames together with the blocks behind them: each frame is followed by one with the count of its blocks, and these, as
 * `Wire` of the JVM part has them.
 */
export class BlockReader {
  readonly #take: (frame: Buffer, blocks: readonly Buffer[]) => void
  #frame: Buffer | undefined
  #blocks: Buffer[] = []
  #missing = -1

  constructor(take: (frame: Buffer, blocks: readonly Buffer[]) => void) {
    this.#take = take
  }

  add(part: Buffer): void {
    if (this.#frame === undefined) {
      this.#frame = part
      return
    }
    if (this.#missing < 0) this.#missing = part.readUInt32BE()
    else {
      this.#blocks.push(part)
      this.#missing--
    }
    if (this.#missing > 0) return
    const [frame, blocks] = [this.#frame, this.#blocks]
    this.#frame = undefined
    this.#blocks = []
    this.#missing = -1
    this.#take(frame, blocks)
  }
}

/** Returns a frame with its blocks as {@link BlockReader} reads them. */
export function framedWithBlocks(frame: Uint8Array, blocks: readonly Uint8Array[]): readonly Uint8Array[] {
  return [...framed(frame), ...framed(lengthOf(blocks.length)), ...blocks.flatMap((block) => framed(block))]
}

/** Cuts an array of frames, one behind the other. */
export function framesIn(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = []
  new FrameReader((frame) => void frames.push(frame)).add(bytes)
  return frames
}

/** Returns the parts of a frame, bytes or texts, with their length in front. */
export function framed(...contents: readonly (Uint8Array | string)[]): readonly Uint8Array[] {
  const parts = contents.map((content) => (typeof content === 'string' ? Buffer.from(content) : content))
  return [lengthOf(parts.reduce((sum, { length }) => sum + length, 0)), ...parts]
}

/** Returns a number as the 32 bits of a length. */
export function lengthOf(n: number): Uint8Array {
  const head = Buffer.allocUnsafe(HEAD)
  head.writeUInt32BE(n)
  return head
}

/** Returns a table of texts as `Wire.readTable` of the JVM part reads it. */
export function tableBytes(table: Readonly<Record<string, string>>): Uint8Array {
  const entries = Object.entries(table)
  return Buffer.concat([lengthOf(entries.length), ...entries.flat().flatMap((text) => framed(text))])
}

/** Reads what `Wire.writeTable` of the JVM part has written. */
export function tableOf(bytes: Buffer): Record<string, string> {
  let at = HEAD
  const text = (): string => {
    const from = at + HEAD
    at = from + bytes.readUInt32BE(at)
    return bytes.toString('utf8', from, at)
  }
  return Object.fromEntries(Array.from({ length: bytes.readUInt32BE() }, () => [text(), text()]))
}
