import { FeedError } from './errors.js'
import { asBuffer, parseLine, textOf } from './line.js'
import { printable } from './printable.js'

/** The cursor that stands before everything a log still holds. */
export const OLDEST = ''

/** The server's message that it cannot resume exactly at the client's cursor. */
export interface Gap {
  /** The cursor the client asked for. */
  readonly asked: string
  /** The cursor from which the server resumes; the posts between the two are lost to this client. */
  readonly from: string
  readonly reason: string
}

/** Returns the line by which a client asks for the posts after `cursor`, with a cursor on every line. */
export function encodeResume(cursor: string): string {
  return `${JSON.stringify({ resume: cursor })}\n`
}

/** Returns the cursor of a resume line; undefined for any other line. */
export function decodeResume(line: Uint8Array): string | undefined {
  const value = looseObject(line)
  if (value === undefined || !('resume' in value)) return undefined
  const { resume } = value
  if (resume === null) return OLDEST
  return typeof resume === 'string' ? resume : typeof resume === 'number' ? String(resume) : undefined
}

/** Returns the line that announces a gap to a resuming client. Clients that did not ask for cursors never see it. */
export function encodeGap(gap: Gap): string {
  return `${JSON.stringify({ gap })}\n`
}

/** Returns the gap that a line announces; undefined for any other line. */
export function decodeGap(line: Uint8Array): Gap | undefined {
  // Posts begin with their id, so an ordinary line is told apart by its first bytes.
  if (asBuffer(line).toString('latin1', 0, 6) !== '{"gap"') return undefined
  const gap = looseObject(line)?.['gap']
  if (typeof gap !== 'object' || gap === null) return undefined
  const { asked, from, reason } = gap as Record<string, unknown>
  return { asked: String(asked ?? ''), from: String(from ?? ''), reason: String(reason ?? 'not said') }
}

/** Returns the error that reports a gap, so that no gap is silent. */
export function gapError({ asked, from, reason }: Gap): FeedError {
  return new FeedError(
    'feed-gap',
    `Posts are missing: the feed could not go on after cursor "${printable(asked)}" (${printable(reason)}) and goes on ` +
      `after "${printable(from)}". Give the scraper a longer log, or a log on disk, if this must not happen.`,
  )
}

/** Returns the cursor of one line of the feed; undefined when the line has none. */
export function cursorOf(line: Uint8Array): string | undefined {
  const cursor = looseObject(line)?.['cursor']
  return typeof cursor === 'string' ? cursor : undefined
}

/** Returns the cursor of the last line that carries one, among the last 16 lines. */
export function lastCursorOf(block: Uint8Array): string | undefined {
  const bytes = asBuffer(block)
  let end = bytes.length > 0 && bytes[bytes.length - 1] === 10 ? bytes.length - 1 : bytes.length
  for (let tries = 0; tries < 16 && end > 0; tries++) {
    const start = bytes.lastIndexOf(10, end - 1) + 1
    const cursor = cursorOf(bytes.subarray(start, end))
    if (cursor !== undefined) return cursor
    end = start - 1
  }
  return undefined
}

function looseObject(line: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value = parseLine(textOf(line))
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
