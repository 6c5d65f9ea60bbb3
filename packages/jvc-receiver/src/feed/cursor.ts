import { FeedError } from './errors.js'
import { asBuffer, parseLine, textOf } from './line.js'
import { printable } from './printable.js'

/** The cursor that stands before everything a log still holds. */
export const OLDEST = ''

/** What the server says when it cannot go on exactly where the client left off. */
export interface Gap {
  /** The cursor the client asked for. */
  readonly asked: string
  /** The cursor it goes on from; what lies between the two is lost to this client. */
  readonly from: string
  readonly reason: string
}

/** The line by which a client asks for what follows `cursor`, and for a cursor on every line. */
export function encodeResume(cursor: string): string {
  return `${JSON.stringify({ resume: cursor })}\n`
}

/** The cursor of a resume line; undefined when the line is anything else. */
export function decodeResume(line: Uint8Array): string | undefined {
  const value = looseObject(line)
  if (value === undefined || !('resume' in value)) return undefined
  const { resume } = value
  if (resume === null) return OLDEST
  return typeof resume === 'string' ? resume : typeof resume === 'number' ? String(resume) : undefined
}

/** The line that tells a resuming client of a gap. Clients that did not ask for cursors never see it. */
export function encodeGap(gap: Gap): string {
  return `${JSON.stringify({ gap })}\n`
}

/** The gap that a line tells of; undefined when it is any other line. */
export function decodeGap(line: Uint8Array): Gap | undefined {
  // Posts begin with their id, so an ordinary line is told apart by its first bytes.
  if (asBuffer(line).toString('latin1', 0, 6) !== '{"gap"') return undefined
  const gap = looseObject(line)?.['gap']
  if (typeof gap !== 'object' || gap === null) return undefined
  const { asked, from, reason } = gap as Record<string, unknown>
  return { asked: String(asked ?? ''), from: String(from ?? ''), reason: String(reason ?? 'not said') }
}

/** The error by which a gap is reported: it is never silent. */
export function gapError({ asked, from, reason }: Gap): FeedError {
  return new FeedError(
    'feed-gap',
    `Posts are missing: the feed could not go on after cursor "${printable(asked)}" (${printable(reason)}) and goes on ` +
      `after "${printable(from)}". Give the scraper a longer log, or a log on disk, if this must not happen.`,
  )
}

/** The cursor of one line of the feed, if it carries one. */
export function cursorOf(line: Uint8Array): string | undefined {
  const cursor = looseObject(line)?.['cursor']
  return typeof cursor === 'string' ? cursor : undefined
}

/** The cursor of the last of these lines that carries one; at most the last 16 are looked at. */
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
