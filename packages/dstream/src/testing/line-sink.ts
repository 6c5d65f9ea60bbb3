import { Writable } from 'node:stream'

/** A stream that keeps its text, line by line. */
export class LineSink extends Writable {
  readonly lines: string[] = []
  #rest = ''

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const parts = (this.#rest + chunk.toString('utf8')).split('\n')
    this.#rest = parts.pop() ?? ''
    for (const part of parts) this.lines.push(part)
    done()
  }
}
