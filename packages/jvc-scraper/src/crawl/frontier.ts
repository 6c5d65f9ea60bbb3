import type { TopicRow } from '../parse/index.js'

/** An answer that may be transient or final: it is accepted once it has been repeated often enough. */
export interface Suspicion {
  readonly message: string
  readonly repeats: number
}

/** A topic waiting for a visit. */
export interface Pending {
  readonly row: TopicRow
  /** Failed visits since the last successful one. */
  readonly failures: number
  /** The suspicion raised by the last failure, with its number of repetitions. */
  readonly suspicion: Suspicion | undefined
  /** The earliest time of the next visit, epoch milliseconds. */
  readonly notBefore: number
}

/** The remembered state of a row. It holds no substring of the page, which would keep the whole page in memory. */
interface Seen {
  readonly lastPage: number
  readonly replies: number
  readonly lastPost: number | string
  /** Whether every further change of the topic will be visible in its row: see {@link Frontier.notice}. */
  settled: boolean
  readonly noticedAt: number
}

/** The time after which a change within the same second is over. Rows are dated to the second; one more is slack. */
const SECOND_MS = 2000

const NEVER_FAILED = { failures: 0, suspicion: undefined, notBefore: 0 }

/** The number of rows remembered. Beyond it the one noticed longest ago is forgotten, and would be visited again. */
const MAX_SEEN = 20_000

/**
 * Decides which topics to visit, and when. It is pure: no clock and no I/O. Rows of the list go in and one pending entry
 * per changed topic comes out. A topic is never under two visits at once.
 */
export class Frontier {
  readonly #seen = new Map<string, Seen>()
  readonly #pending = new Map<string, Pending>()
  readonly #visiting = new Set<string>()

  /** The number of topics waiting for a visit. */
  get waiting(): number {
    return this.#pending.size
  }

  /** The number of topics under visit. */
  get visiting(): number {
    return this.#visiting.size
  }

  /**
   * Records a row of the list and schedules a visit when it has changed.
   *
   * A row whose last post is as new as the newest post of the list can still change invisibly, when a post is deleted and
   * another is written within that second. Such a topic is visited once more when the second is over.
   *
   * @param newestAt the date of the newest post of the list, epoch milliseconds
   * @param now epoch milliseconds
   * @returns whether the row has changed
   */
  notice(row: TopicRow, newestAt: number | undefined, now: number): boolean {
    const seen = this.#seen.get(row.id)
    const changed = this.hasChanged(row)
    if (seen !== undefined && !changed && (seen.settled || now - seen.noticedAt < SECOND_MS)) return false
    const young = newestAt !== undefined && row.lastPostAt !== undefined && newestAt - row.lastPostAt < SECOND_MS
    this.#seen.delete(row.id)
    this.#seen.set(row.id, { ...versionOf(row), settled: !changed || !young, noticedAt: now })
    this.#forget()
    this.#pending.set(row.id, { ...(this.#pending.get(row.id) ?? NEVER_FAILED), row })
    return changed
  }

  /** Returns whether the row differs from the one last recorded. */
  hasChanged(row: TopicRow): boolean {
    const seen = this.#seen.get(row.id)
    return seen === undefined || !isSame(seen, versionOf(row))
  }

  /** Hands out the topic that has waited longest among those due. It stays under visit until `done` or `failed`. */
  take(now: number): Pending | undefined {
    for (const [id, pending] of this.#pending) {
      if (pending.notBefore > now || this.#visiting.has(id)) continue
      this.#pending.delete(id)
      this.#visiting.add(id)
      return pending
    }
    return undefined
  }

  /** Returns the time at which the next topic is due, epoch milliseconds, or undefined when none is waiting. */
  nextAt(): number | undefined {
    let least: number | undefined
    for (const [id, { notBefore }] of this.#pending) {
      if (!this.#visiting.has(id) && (least === undefined || notBefore < least)) least = notBefore
    }
    return least
  }

  /** Ends a visit for good: it succeeded, or the topic is given up. */
  done(id: string): void {
    this.#visiting.delete(id)
  }

  /** Ends a failed visit. The topic waits again, unless a newer row of it does already. */
  failed(pending: Pending, notBefore: number, suspicion?: Suspicion): void {
    const { id } = pending.row
    this.#visiting.delete(id)
    if (this.#pending.has(id)) return
    this.#pending.set(id, { row: pending.row, failures: pending.failures + 1, suspicion, notBefore })
  }

  #forget(): void {
    if (this.#seen.size <= MAX_SEEN) return
    const [oldest] = this.#seen.keys()
    if (oldest !== undefined) this.#seen.delete(oldest)
  }
}

type RowVersion = Pick<Seen, 'lastPage' | 'replies' | 'lastPost'>

/** Returns the fields that change when a topic gets a post. A new title alone is no reason to visit it. */
function versionOf({ lastPage, replies, lastPostAt, lastPostDate }: TopicRow): RowVersion {
  return { lastPage, replies, lastPost: lastPostAt ?? lastPostDate }
}

function isSame(a: RowVersion, b: RowVersion): boolean {
  return a.lastPage === b.lastPage && a.replies === b.replies && a.lastPost === b.lastPost
}
