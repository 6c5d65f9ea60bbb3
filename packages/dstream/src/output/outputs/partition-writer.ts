import type { PartitionContext } from '../../rdd/plan/partition-context.js'

/** The part of a sink in two phases that workers have. */
interface Preparing<T> {
  openWriter?(): void | Promise<void>
  prepare(
    partition: Omit<PartitionContext, 'partition'> & { readonly index: number; readonly records: readonly T[] },
  ): Promise<unknown>
}

/**
 * Prepares the partitions of a sink: in the thread of the batches, which has opened it, or in a worker, which opens its own one for that
 * at its first partition.
 */
export class PartitionWriter<T> {
  readonly #sink: Preparing<T>
  #isOpen = false
  #opening: Promise<void> | undefined

  constructor(sink: Preparing<T>) {
    this.#sink = sink
  }

  /** Notes that the sink is open here, for batches. */
  opened(): void {
    this.#isOpen = true
  }

  async prepare(records: Iterable<T>, context: PartitionContext): Promise<unknown> {
    if (!this.#isOpen) await (this.#opening ??= this.#open())
    const { time, partition, attempt, replayed } = context
    return this.#sink.prepare({
      time,
      index: partition,
      records: [...records],
      attempt,
      replayed,
      get signal() {
        return context.signal
      },
    })
  }

  async #open(): Promise<void> {
    try {
      await this.#sink.openWriter!()
    } catch (error) {
      // The next attempt tries again.
      this.#opening = undefined
      throw error
    }
  }
}
