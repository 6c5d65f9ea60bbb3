import type { Cluster } from '../client/cluster.js'
import { nameOf } from '../client/cluster.js'
import { commitOffsets, type OffsetToCommit } from '../client/group-offsets.js'
import { whileAway } from '../client/while-away.js'

/** Called once with the error of a commit, or without one when the offsets are committed. */
export type CommitCallback = (error?: unknown) => void

const PATIENCE_MS = 10_000

/** Commits offsets to a group in the background, one request at a time; later offsets of a partition replace earlier ones. */
export class GroupCommits {
  readonly #cluster: Cluster
  readonly #group: string
  #waiting = new Map<string, OffsetToCommit>()
  #callbacks: CommitCallback[] = []
  #sending: Promise<void> | undefined

  constructor(cluster: Cluster, group: string) {
    this.#cluster = cluster
    this.#group = group
  }

  commit(offsets: readonly OffsetToCommit[], callback: CommitCallback): void {
    for (const of of offsets) this.#waiting.set(nameOf(of), of)
    this.#callbacks.push(callback)
    this.#sending ??= this.#send().finally(() => (this.#sending = undefined))
  }

  /** Resolves when all offsets are committed or have failed. */
  async settled(): Promise<void> {
    while (this.#sending !== undefined) await this.#sending
  }

  async #send(): Promise<void> {
    // All that is given in one turn goes with one request.
    await Promise.resolve()
    while (this.#callbacks.length > 0) {
      const offsets = [...this.#waiting.values()]
      const callbacks = this.#callbacks
      this.#waiting = new Map()
      this.#callbacks = []
      const commit = (): Promise<void> => commitOffsets(this.#cluster, this.#group, offsets)
      const error: unknown = await (offsets.length === 0 ? undefined : whileAway(commit, { forMs: PATIENCE_MS }).catch((e: unknown) => e)) // prettier-ignore
      for (const callback of callbacks) callback(...(error === undefined ? [] : [error]))
    }
  }
}
