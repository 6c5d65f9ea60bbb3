import type { Block } from '../src/durable/blocks/block.js'
import { RDDContext } from '../src/rdd/rdd-context.js'
import { defaultLimits } from '../src/input/receive/backlog.js'
import type { BlockStore, InputSource, SourceHome } from '../src/input/sources/input-source.js'
import { Harness, settle } from './receive-harness.js'
import { noReads } from './reads.js'

/** Plays the context's part for the tests of sources, one batch at a time. */
export class SourceHarness extends Harness {
  readonly #home: Partial<SourceHome>
  readonly #allocated = new Map<number, readonly Block[]>()
  readonly sc = new RDDContext()
  #streams = 0
  #taken = 0
  readonly #earlier: readonly Block[]

  /** @param earlier blocks that an earlier run of the program left */
  constructor(home: Partial<SourceHome> = {}, earlier: readonly Block[] = []) {
    super()
    this.#home = home
    this.#earlier = earlier
  }

  add<T>(make: (home: SourceHome) => InputSource<T>): InputSource<T> {
    const { sc, clock, logger, onEvent } = this
    const blocks: BlockStore = {
      add: this.addBlock,
      of: (streamId, time) => (this.#allocated.get(time) ?? []).filter((block) => block.streamId === streamId),
      earlier: () => this.#earlier,
    }
    return make({
      streamId: this.#streams++,
      slideMs: 1000,
      sc,
      clock,
      logger,
      onEvent,
      rate: {},
      blockIntervalMs: 200,
      limits: defaultLimits,
      blocks,
      ...this.#home,
    })
  }

  /** Allocates the waiting blocks, plans and computes. Returns the partitions of the batch. */
  async batch<T>(source: InputSource<T>, time: number): Promise<T[][]> {
    const partitions = await this.maybeBatch(source, time)
    if (partitions === null) throw new Error(`no RDD at ${time}`)
    return partitions
  }

  /** The same; `null` for a batch without an RDD. */
  async maybeBatch<T>(source: InputSource<T>, time: number): Promise<T[][] | null> {
    this.allocate(time)
    await source.plan?.(time)
    return this.compute(source, time)
  }

  /** Allocates the waiting blocks to the batch. */
  allocate(time: number): void {
    this.#allocated.set(time, this.blocks.slice(this.#taken))
    this.#taken = this.blocks.length
  }

  /** Computes the batch, also once more. */
  async compute<T>(source: InputSource<T>, time: number): Promise<T[][] | null> {
    const rdd = await source.operator.compute(time, noReads)
    return rdd === undefined ? null : ((await rdd.materialise()) as T[][])
  }

  /** Ends the batch: its blocks are released. */
  release(source: InputSource, time: number): void {
    for (const block of this.#allocated.get(time) ?? []) source.supervisor!.released(block)
  }

  buffered(source: InputSource): { readonly records: number; readonly bytes: number } {
    return source.supervisor!.buffer.buffered
  }

  /** Waits for I/O until the condition holds. */
  async until(condition: () => boolean): Promise<void> {
    const deadline = performance.now() + 10_000
    while (!condition()) {
      if (performance.now() > deadline) throw new Error('It has not happened within 10 s')
      await settle()
    }
  }
}
