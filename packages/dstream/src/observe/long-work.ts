import type { ReportWork } from '../base/ports.js'

/** How far a long piece of work is. Times are milliseconds. */
export interface WorkFigures {
  /** The work in words: `Reading the snapshot`. */
  readonly name: string
  readonly done: number
  /** Absent where the end is not known in advance. */
  readonly total?: number
  /** The plural of what is counted: `keys`. */
  readonly unit: string
  readonly sinceMs: number
}

/** Shorter work is not worth a line. */
const QUIET_MS = 1000

/** The long pieces of work of a job that are under way. */
export class LongWork {
  readonly #now: () => number
  readonly #onChange: (work: WorkFigures | undefined, nowMs: number) => void
  readonly #current = new Map<string, WorkFigures>()

  /** @param onChange called with each report of work that has taken a while, and with `undefined` when such work ends */
  constructor(now: () => number, onChange: (work: WorkFigures | undefined, nowMs: number) => void) {
    this.#now = now
    this.#onChange = onChange
  }

  /** Takes a report. Work ends when all is done, or with `end`. */
  readonly report: ReportWork = (name, done, total, unit) => {
    const nowMs = this.#now()
    const sinceMs = this.#current.get(name)?.sinceMs ?? nowMs
    if (total !== undefined && done >= total) return this.end(name)
    const work = { name, done, unit, sinceMs, ...(total === undefined ? {} : { total }) }
    this.#current.set(name, work)
    if (isLong(work, nowMs)) this.#onChange(work, nowMs)
  }

  /** Ends a piece of work, done or not. */
  end(name: string): void {
    const nowMs = this.#now()
    const work = this.#current.get(name)
    this.#current.delete(name)
    if (work !== undefined && isLong(work, nowMs)) this.#onChange(undefined, nowMs)
  }

  /** Returns the work that has taken a while already. */
  shown(): readonly WorkFigures[] {
    const nowMs = this.#now()
    return [...this.#current.values()].filter((work) => isLong(work, nowMs))
  }
}

function isLong({ sinceMs }: WorkFigures, nowMs: number): boolean {
  return nowMs - sinceMs >= QUIET_MS
}

/** Returns the time that the rest takes at the speed so far, in milliseconds; `undefined` where nobody can know. */
export function remainingMs({ done, total, sinceMs }: WorkFigures, nowMs: number): number | undefined {
  if (total === undefined || done <= 0) return undefined
  return ((nowMs - sinceMs) / done) * (total - done)
}

/** Returns a line such as `Reading the snapshot: 120 of 350 MB, 34 %, about 4 s left`. */
export function workLine(work: WorkFigures, nowMs: number): string {
  const { name, done, total, unit } = work
  const count = (n: number): string => n.toLocaleString('en')
  if (total === undefined) return `${name}: ${count(done)} ${unit}`
  const left = remainingMs(work, nowMs)
  const estimate = left === undefined ? '' : `, about ${timeText(left)} left`
  return `${name}: ${count(done)} of ${count(total)} ${unit}, ${Math.floor((done / total) * 100)} %${estimate}`
}

function timeText(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000))
  if (seconds < 100) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 100 ? `${minutes} min` : `${Math.round(minutes / 60)} h`
}
