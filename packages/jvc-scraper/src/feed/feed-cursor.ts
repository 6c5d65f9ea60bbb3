import { OLDEST, type Gap } from 'jvc-receiver/feed'
import type { FeedLog } from './feed-log.js'

type Bounds = Pick<FeedLog, 'id' | 'oldest' | 'next'>

/** The entry from which a client resumes, and the gap to announce. */
export interface Resumption {
  readonly from: number
  readonly gap?: Gap
}

/** Returns the cursor after entry `seq` of a log. */
export function cursorAfter(logId: string, seq: number): string {
  return `${logId}:${seq}`
}

/**
 * Finds the entry that follows `cursor`. The empty cursor and `0` stand before the oldest post, `now` behind the newest.
 */
export function resumeAt(log: Bounds, cursor: string): Resumption {
  if (cursor === OLDEST || cursor === '0') return { from: log.oldest }
  if (cursor === 'now') return { from: log.next }
  const match = /^([0-9a-f]+):(\d{1,15})$/.exec(cursor)
  if (match === null) return withGap(log, cursor, log.oldest, 'the text is no cursor of this feed')
  if (match[1] !== log.id) return withGap(log, cursor, log.oldest, 'the cursor belongs to another log')
  const from = Number(match[2]) + 1
  if (from < log.oldest) return withGap(log, cursor, log.oldest, 'the log begins later')
  if (from > log.next) return withGap(log, cursor, log.next, 'the log ends before the cursor')
  return { from }
}

function withGap(log: Bounds, asked: string, from: number, reason: string): Resumption {
  return { from, gap: { asked, from: cursorAfter(log.id, from - 1), reason } }
}
