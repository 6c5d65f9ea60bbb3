import type { TopicRow } from '../parse/index.js'

/** Something that a site may say in passing, or mean. */
export interface Suspicion {
  readonly message: string
  readonly repeats: number
}

/** A topic that waits for a visit. */
export interface Pending {
  readonly row: TopicRow
  /** Visits that have failed since the row was last read well. */
  readonly failures: number
  /** What the last of them would mean if it were to be believed, and how often in a row it was the same. */
  readonly suspicion: Suspicion | undefined
  /** Not before this, epoch milliseconds. */
  readonly notBefore: number
}

/** What is remembered of a row: no text of the page it stood on, which would keep the whole page in memory. */
interface Seen {
  readonly lastPage: number
  readonly replies: number
  readonly lastPost: number | string
  /** When the row may change without showing it is over: see {@link Frontier.notice}. */
  settled: boolean
  readonly noticedAt: number
}

/** Rows of the list are dated to the second: within it a post can take another's place without a trace. */
const SECOND_MS = 2000

const NEVER_FAILED = { failures: 0, suspicion: undefined, notBefore: 0 }

/** Rows remembered, beyond which the ones noticed longest ago are forgotten (and would be visited once more). */
const MAX_SEEN = 20_000

/**
 * Which topics to visit, and when. Pure: no clock and no I/O. Rows of the list go in, one pending entry per changed topic
 * comes out; a topic under visit is not handed out a second time.
 */
export class Frontier {
  readonly #seen = new Map<string, Seen>()
  readonly #pending = new Map<string, Pending>()
  readonly #visiting = new Set<string>()

  /** Topics that wait for a visit. */
  get waiting(): number {
    return this.#pending.size
  }

  get visiting(): number {
    return this.#visiting.size
  }

  /**
   * Takes note of a row of the list.
   *
   * A row whose last post is of the newest second of the list can still change without a trace (a post deleted and
   * another written in that second): it is visited once more when that second is over.
   *
   * @param newestAt the date of the newest post of the list, epoch milliseconds
   * @returns whether the topic has changed and is to be visited
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

  /** Whether the row differs from the one last seen. */
  hasChanged(row: TopicRow): boolean {
    const seen = this.#seen.get(row.id)
    return seen === undefined || !isSame(seen, versionOf(row))
  }

  /** The topic that has waited longest and may be visited now; it counts as visited until `done`. */
  take(now: number): Pending | undefined {
    for (const [id, pending] of this.#pending) {
      if (pending.notBefore > now || this.#visiting.has(id)) continue
      this.#pending.delete(id)
      this.#visiting.add(id)
      return pending
    }
    return undefined
  }

  /** When the next waiting topic may be visited, epoch milliseconds; undefined when none waits. */
  nextAt(): number | undefined {
    let least: number | undefined
    for (const [id, { notBefore }] of this.#pending) {
      if (!this.#visiting.has(id) && (least === undefined || notBefore < least)) least = notBefore
    }
    return least
  }

  /** The visit went well. */
  done(id: string): void {
    this.#visiting.delete(id)
  }

  /** The visit failed: the topic waits again, unless a newer row of it does already. */
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

/** What changes when a topic gets a post. A new title alone is no reason to read it. */
function versionOf({ lastPage, replies, lastPostAt, lastPostDate }: TopicRow): RowVersion {
  return { lastPage, replies, lastPost: lastPostAt ?? lastPostDate }
}

function isSame(a: RowVersion, b: RowVersion): boolean {
  return a.lastPage === b.lastPage && a.replies === b.replies && a.lastPost === b.lastPost
}
