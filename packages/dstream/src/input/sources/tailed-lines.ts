import { concat } from '../../base/values/bytes.js'
import type { OpenFile } from '../../base/ports.js'

const LINE_FEED = 0x0a
const HEAD_BYTES = 96
const BACKWARD_BYTES = 64 * 1024

/** Returns the first bytes of a file up to an offset, as a text: so much of it must stay the same while it grows. */
export async function headOf(file: OpenFile, until: number): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of file.read(0, Math.min(until, HEAD_BYTES))) pieces.push(piece)
  return String.fromCharCode(...concat(pieces))
}

/** Returns the offset behind the last line end before `size`. */
export async function startOfLastLine(file: OpenFile, size: number): Promise<number> {
  for (let until = size; until > 0;) {
    const from = Math.max(0, until - BACKWARD_BYTES)
    const pieces: Uint8Array[] = []
    for await (const piece of file.read(from, until)) pieces.push(piece)
    const at = concat(pieces).lastIndexOf(LINE_FEED)
    if (at >= 0) return from + at + 1
    until = from
  }
  return 0
}

/** A part of a file, and the bounds of a batch. */
interface LineRange {
  readonly from: number
  readonly until: number
  readonly lines: number
  readonly bytes: number
}

/**
 * Returns the end of the last whole line of a range that the bounds allow, and the number of lines before it. The first line
 * is taken whatever its length, since it would never be read otherwise.
 */
export async function lineEnd(
  file: OpenFile,
  { from, until, lines: maxLines, bytes }: LineRange,
): Promise<{ end: number; lines: number; isLast: boolean }> {
  let [at, end, lines] = [from, from, 0]
  for await (const piece of file.read(from, until)) {
    for (let i = piece.indexOf(LINE_FEED); i >= 0; i = piece.indexOf(LINE_FEED, i + 1)) {
      const next = at + i + 1
      if (lines === maxLines || (lines > 0 && next - from > bytes)) return { end, lines, isLast: false }
      end = next
      lines++
    }
    at += piece.length
  }
  return { end, lines, isLast: true }
}

/**
 * Decodes the lines of a range that begins and ends with a line. `\n` and `\r\n` end a line.
 * @param isStart whether the range begins with the file, where a byte order mark is no part of the text
 */
export async function* linesIn(pieces: AsyncIterable<Uint8Array>, isStart: boolean): AsyncIterable<string> {
  // The decoder leaves out a byte order mark at its own beginning only.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: !isStart })
  let rest = ''
  for await (const piece of pieces) {
    const text = decoder.decode(piece, { stream: true })
    if (!text.includes('\n')) {
      rest += text
      continue
    }
    const lines = (rest + text).split('\n')
    rest = lines.pop()!
    for (const line of lines) yield withoutReturn(line)
  }
  rest += decoder.decode()
  if (rest !== '') yield withoutReturn(rest)
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}
