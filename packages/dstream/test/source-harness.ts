import type { Block } from '../src/durable/blocks/block.js'
import { RDDContext } from '../src/rdd/rdd-context.js'
import { defaultLimits } from '../src/input/receive/backlog.js'
import type { InputSource, SourceHome } from '../src/input/sources/input-source.js'
import { Harness, settle } from './receive-harness.js'

/** For the tests of sources: the context's part, one batch at a time and by hand. */
export class SourceHarness extends Harness {
  readonly #home: Partial<SourceHome>
  readonly #allocated = new Map<number, readonly Block[]>()
  readonly sc = new RDDContext()
  #streams = 0
  #taken = 0

  constructor(home: Partial<SourceHome> = {}) {
    super()
    this.#home = home
  }

  add<T>(make: (home: SourceHome) => InputSource<T>): InputSource<T> {
    const { sc, clock, logger, onEvent, addBlock } = this
    return make({
      streamId: this.#streams++,
      slideMs: 1000,
      sc,
      clock,
      logger,
      onEvent,
      addBlock,
      rate: {},
      blockIntervalMs: 200,
      limits: defaultLimits,
      blocksOf: (streamId, time) => (this.#allocated.get(time) ?? []).filter((block) => block.streamId === streamId),
      ...this.#home,
    })
  }

  /** Allocates what waits, plans, computes: the partitions of the batch, `null` where it has no RDD. */
  async batch<T>(source: InputSource<T>, time: number): Promise<T[][]> {
    const partitions = await this.maybeBatch(source, time)
    if (partitions === null) throw new Error(`no RDD at ${time}`)
    return partitions
  }

  async maybeBatch<T>(source: InputSource<T>, time: number): Promise<T[][] | null> {
    this.allocate(time)
    await source.plan?.(time)
    return this.compute(source, time)
  }

  /** Gives what waits to the batch. */
  allocate(time: number): void {
    this.#allocated.set(time, this.blocks.slice(this.#taken))
    this.#taken = this.blocks.length
  }

  /** Once more what the batch was given. */
  async compute<T>(source: InputSource<T>, time: number): Promise<T[][] | null> {
    const rdd = await source.operator.compute(time, () => Promise.reject(new Error('a source has no parents')))
    return rdd === undefined ? null : ((await rdd.materialise()) as T[][])
  }

  /** The batch is done. */
  release(source: InputSource, time: number): void {
    for (const block of this.#allocated.get(time) ?? []) source.supervisor!.released(block)
  }

  held(source: InputSource): { readonly records: number; readonly bytes: number } {
    return source.supervisor!.buffer.buffered
  }

  /** Lets I/O happen, in real time. */
  async until(condition: () => boolean): Promise<void> {
    const deadline = performance.now() + 10_000
    while (!condition()) {
      if (performance.now() > deadline) throw new Error('It has not happened within 10 s')
      await settle()
    }
  }
}
