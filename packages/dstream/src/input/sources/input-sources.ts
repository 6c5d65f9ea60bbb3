import type { MaybePromise } from '../../base/maybe-promise.js'
import type { Block } from '../../durable/blocks/block.js'
import type { Graph } from '../../streams/graph/graph.js'
import type { Journal, SourceRange } from '../../durable/journal/journal.js'
import type { StreamInputInfo } from '../../observe/events.js'
import type { InputSource } from './input-source.js'

/** All sources of a context. The stream id of a source is its index. */
export class InputSources {
  readonly #sources: InputSource[] = []
  readonly #ending = new Set<InputSource>()
  readonly #unreleased = new Map<number, readonly Block[]>()

  add(source: InputSource): void {
    this.#sources.push(source)
  }

  get nextStreamId(): number {
    return this.#sources.length
  }

  get all(): readonly InputSource[] {
    return this.#sources
  }

  /** @throws the refusal of the first source that cannot be recovered from a checkpoint */
  mustBeRecoverable(): void {
    for (const source of this.#sources) {
      const refusal = source.refusal?.()
      if (refusal !== undefined) throw refusal
    }
  }

  /** Returns the number of received records that no batch has yet and a stop would leave in the journal. */
  waiting(journal: Journal): number {
    return journal.waiting().reduce((sum, block) => sum + (block.count ?? 1), 0)
  }

  /**
   * Plans the ranges of a batch. A batch that an earlier run has planned keeps its ranges.
   *
   * @param isHeldBack plans no new data; a source then goes on from the same position in a later batch
   */
  async plan(
    time: number,
    graph: Graph,
    journal: Journal,
    isHeldBack: boolean,
  ): Promise<ReadonlyMap<string, SourceRange>> {
    const known = journal.allocation(time)
    const ranges = new Map<string, SourceRange>()
    for (const source of this.#sources) {
      if (source.plan === undefined) continue
      const id = graph.node(source.operator).id
      const range = known?.ranges.get(id)
      if (range !== undefined) source.adopt?.(time, range.until)
      ranges.set(id, range ?? { from: undefined, until: isHeldBack ? undefined : await source.plan(time) })
    }
    return ranges
  }

  /** Whether a source plans the range of each batch. */
  get hasPlans(): boolean {
    return this.#sources.some((source) => source.plan !== undefined)
  }

  /** Closes the open block of each receiver. Resolves when the next allocation takes all of them. */
  closeBlocks(): MaybePromise<void> {
    const waiting: Promise<void>[] = []
    for (const { supervisor } of this.#sources) {
      const closing = supervisor?.buffer.closeForBatch()
      if (closing !== undefined) waiting.push(closing)
    }
    if (waiting.length > 0) return Promise.all(waiting).then(() => undefined)
  }

  /** Remembers the blocks of a batch, to release them when it is committed. */
  allocated(time: number, journal: Journal): void {
    const blocks = journal.allocation(time)?.blocks
    if (blocks !== undefined) this.#unreleased.set(time, [...blocks.values()].flat())
  }

  info(time: number): readonly StreamInputInfo[] {
    return this.#sources.map((source) => source.info(time))
  }

  positions(graph: Graph): ReadonlyMap<string, unknown> {
    const positions = new Map<string, unknown>()
    for (const source of this.#sources) {
      if (source.snapshot !== undefined) positions.set(graph.node(source.operator).id, source.snapshot())
    }
    return positions
  }

  /** Ends a committed batch: receivers get the room of its blocks back, and origins may delete the data that was read. */
  async committed(time: number): Promise<void> {
    for (const block of this.#unreleased.get(time) ?? []) this.#sources[block.streamId]?.supervisor?.released(block)
    this.#unreleased.delete(time)
    for (const source of this.#sources) if (source.committed !== undefined) await source.committed(time)
  }

  forget(until: number): void {
    for (const source of this.#sources) source.forget?.(until)
  }

  async start(): Promise<void> {
    for (const source of this.#sources) await source.start()
  }

  /** @throws the error of the first source that has lost accepted data; asked after the last batch */
  mustHaveLostNothing(): void {
    for (const source of this.#sources) {
      const lost = source.lost?.()
      if (lost !== undefined) throw lost
    }
  }

  /** Stops all sources. Resolves when all accepted data is stored. Receivers have at least `timeoutMs` to stop. */
  async stop(timeoutMs = 0): Promise<void> {
    await Promise.all(this.#sources.map((source) => this.#end(source, () => source.stop(timeoutMs))))
  }

  /** Aborts the readings that are under way. */
  abort(reason: unknown): void {
    for (const source of this.#sources) source.abort?.(reason)
  }

  /** Closes all sources, after the last batch. */
  async close(): Promise<void> {
    for (const source of this.#sources) await this.#end(source, () => source.close?.())
  }

  /** The sources that are being stopped or closed, for the names of those that hang. */
  get ending(): readonly string[] {
    return [...this.#ending].map(({ name }) => `the source "${name}" that does not close`)
  }

  async #end(source: InputSource, end: () => MaybePromise<void>): Promise<void> {
    this.#ending.add(source)
    try {
      await end()
    } finally {
      this.#ending.delete(source)
    }
  }
}
