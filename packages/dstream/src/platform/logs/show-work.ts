import type { Logger } from '../../base/ports.js'
import { workLine, type WorkFigures } from '../../observe/long-work.js'
import type { StatusLine } from './status-line.js'

const REDRAW_MS = 250
const LINE_MS = 10_000
/** A log gets no line of work that is over before. */
const FIRST_LINE_MS = 5000

/**
 * Returns what shows long work to the person in front of it: one line that is written again on a terminal, and else a line
 * of the log every ten seconds.
 *
 * @param line the line of the terminal; `undefined` where the log of the program does not go to one
 */
export function showWork(
  logger: Logger,
  line: StatusLine | undefined,
): (work: WorkFigures | undefined, nowMs: number) => void {
  let shownMs = -Infinity
  return (work, nowMs) => {
    const isTerminal = line?.hasTerminal === true
    if (work === undefined) {
      shownMs = -Infinity
      if (isTerminal) line.erase()
      return
    }
    if (nowMs - shownMs < (isTerminal ? REDRAW_MS : LINE_MS)) return
    if (!isTerminal && nowMs - work.sinceMs < FIRST_LINE_MS) return
    shownMs = nowMs
    const text = workLine(work, nowMs)
    if (isTerminal) line.show(text)
    else logger.info({ done: work.done, total: work.total, unit: work.unit }, `${text}.`)
  }
}
