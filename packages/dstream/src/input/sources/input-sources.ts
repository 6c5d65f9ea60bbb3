import type { Block } from '../../durable/blocks/block.js'
import type { Graph } from '../../streams/graph/graph.js'
import type { Journal, SourceRange } from '../../durable/journal/journal.js'
import type { StreamInputInfo } from '../../observe/events.js'
import type { InputSource } from './input-source.js'

/** All sources of a context, as the batch cycle sees them. Stream ids are places in it. */
export class InputSources {
  readonly #sources: InputSource[] = []
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

  /** @throws what a source that cannot be recovered refuses a start from a checkpoint with */
  mustBeRecoverable(): void {
    for (const source of this.#sources) {
      const refusal = source.refusal?.()
      if (refusal !== undefined) throw refusal
    }
  }

  /** Received records that no batch has yet, and that a stop would leave behind. */
  waiting(journal: Journal): number {
    return journal.waiting().reduce((sum, block) => sum + (block.count ?? 1), 0)
  }

  /** What each source with positions gives to the batch; a batch that was planned by an earlier run gets the same. */
  async plan(time: number, graph: Graph, journal: Journal): Promise<ReadonlyMap<string, SourceRange>> {
    const known = journal.allocation(time)
    const ranges = new Map<string, SourceRange>()
    for (const source of this.#sources) {
      if (source.plan === undefined) continue
      const id = graph.node(source.operator).id
      const range = known?.ranges.get(id)
      if (range !== undefined) source.adopt?.(time, range.until)
      ranges.set(id, range ?? { from: undefined, until: await source.plan(time) })
    }
    return ranges
  }

  /** Remembers which blocks a batch holds, to let go of them when it is done. */
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

  /** The batch is done for good: receivers may take as much again, origins may let go of what was read. */
  async committed(time: number): Promise<void> {
    for (const block of this.#unreleased.get(time) ?? []) this.#sources[block.streamId]?.supervisor?.released(block)
    this.#unreleased.delete(time)
    for (const source of this.#sources) await source.committed?.(time)
  }

  forget(until: number): void {
    for (const source of this.#sources) source.forget?.(until)
  }

  async start(): Promise<void> {
    for (const source of this.#sources) await source.start()
  }

  /** Takes nothing more; what has been taken is stored when this resolves. Receivers have at least `patienceMs` to stop. */
  async stop(patienceMs = 0): Promise<void> {
    await Promise.all(this.#sources.map((source) => source.stop(patienceMs)))
  }
}
