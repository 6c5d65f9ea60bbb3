import type { RDD } from '../../rdd/rdd.js'
import { shareByStage } from '../../rdd/stages/shared-stage.js'
import type { Operator, Read } from './operator.js'
import type { SharedReaders } from './shared-readers.js'

/**
 * Lets stages evaluate the records that several operators read. The readers that may ride along are known when a stage begins, as
 * far as the batch is certain to ask for them.
 */
export class SharedStages {
  readonly #readers: SharedReaders
  readonly #reads: { readonly read: Read }
  /** The last batch. */
  #time = -Infinity

  constructor(readers: SharedReaders, reads: { readonly read: Read }) {
    this.#readers = readers
    this.#reads = reads
  }

  /** Caches the RDD of an operator that is read more than once, and lets a stage evaluate it where there are workers. */
  cache(operator: Operator, time: number, rdd: RDD<unknown>): void {
    this.#time = Math.max(this.#time, time)
    const { stages } = rdd.context.runtime
    // The RDD of a stateful operator reads its table at a version, cheaply and with the same result, so it is not cached.
    if (operator.state !== undefined || !this.#readers.isKept(operator)) return
    const isOwned = this.#readers.isOwned(operator)
    if (!isOwned) rdd.cacheAlways()
    if (stages === undefined) return
    // Records that the engine keeps as its own are cached for the node that keeps them, which is above this one.
    if (isOwned && rdd.node.plan.type === 'narrow') rdd.cacheAlways()
    shareByStage(rdd.node, stages, () => this.#makeReaders(operator, time))
  }

  async #makeReaders(operator: Operator, time: number): Promise<number | undefined> {
    // The map sides of an earlier batch are done, and their lineage is forgotten.
    if (time < this.#time) return undefined
    const { sides, kept, areAll } = this.#readers.sidesBelow(operator, time)
    for (const reader of [...sides, ...kept]) await this.#make(reader, time)
    return areAll ? sides.length + kept.length : undefined
  }

  /** Makes the lineage of a reader, of which nothing is evaluated. Its own reader meets the error where that fails. */
  async #make(reader: Operator, time: number): Promise<void> {
    const { read } = this.#reads
    try {
      await (reader.state === undefined ? read(reader, time) : reader.mapSide?.(time, read))
    } catch {
      return
    }
  }
}
