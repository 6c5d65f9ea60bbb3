import type { RDD } from '../../rdd/rdd.js'
import { shareByStage } from '../../rdd/stages/shared-stage.js'
import type { Graph } from './graph.js'
import type { Operator, Read } from './operator.js'
import type { OutputNode } from './output.js'
import { sharedOperators } from './remember.js'
import { MAP_SIDES, NARROW } from './stage-kinds.js'

/** Reads the RDDs of the graph. */
interface Reads {
  readonly read: Read
  isValid(operator: Operator, time: number): boolean
}

/** The readers of an operator, as far as the graph knows them. */
interface Readers {
  readonly operators: readonly Operator[]
  readonly outputs: readonly OutputNode[]
}

const NO_READERS: Readers = { operators: [], outputs: [] }

/**
 * Lets stages evaluate what is read more than once. The map sides right behind such records are known when the stage begins, as far
 * as the batch is certain to ask for them: they ride along.
 */
export class SharedStages {
  readonly #shared: ReadonlySet<Operator>
  readonly #owned: { has(operator: Operator): boolean }
  readonly #singleUses: ReadonlySet<Operator | OutputNode>
  readonly #reads: Reads
  readonly #readers = new Map<Operator, Readers>()

  /**
   * @param singleUses the readers whose functions evaluate an RDD at most once
   * @param owned the operators whose records the engine keeps as its own
   */
  constructor(
    graph: Graph,
    singleUses: ReadonlySet<Operator | OutputNode>,
    owned: { has(operator: Operator): boolean },
    reads: Reads,
  ) {
    this.#shared = sharedOperators(graph, singleUses)
    this.#owned = owned
    this.#singleUses = singleUses
    this.#reads = reads
    for (const { operator } of graph.nodes) {
      for (const parent of operator.parents) this.#note(parent, { operators: [operator], outputs: [] })
    }
    for (const output of graph.outputs) this.#note(output.parent, { operators: [], outputs: [output] })
  }

  /** Caches the RDD of an operator that is read more than once, and lets a stage evaluate it where there are workers. */
  cache(operator: Operator, time: number, rdd: RDD<unknown>): void {
    const { stages } = rdd.context.runtime
    const isOwned = this.#owned.has(operator)
    // The RDD of a stateful operator reads its table at a version, cheaply and with the same result, so it is not cached.
    if (operator.state !== undefined || !(isOwned || this.#shared.has(operator))) return
    if (!isOwned) rdd.cacheAlways()
    if (stages === undefined) return
    // What is kept as the engine's own is cached by what keeps it.
    if (isOwned && rdd.node.plan.type === 'narrow') rdd.cacheAlways()
    shareByStage(rdd.node, stages, () => this.#makeReaders(operator, time))
  }

  async #makeReaders(operator: Operator, time: number): Promise<number | undefined> {
    const sides: Operator[] = []
    const areAll = this.#sidesBelow(operator, time, sides) && !this.#owned.has(operator)
    for (const side of sides) await this.#make(side, time)
    return areAll ? sides.length : undefined
  }

  /** Collects the map sides that read records of a batch for certain. Returns whether these are all that read them. */
  #sidesBelow(operator: Operator, time: number, sides: Operator[]): boolean {
    const { operators, outputs } = this.#readersOf(operator)
    let areAll = outputs.length === 0
    for (const reader of operators) {
      if (reader.lookbackMs === 0 && !this.#reads.isValid(reader, time)) continue
      const isStraight = reader.lookbackMs === 0 && reader.parents.length === 1
      if (isStraight && MAP_SIDES.has(reader.kind) && this.#isCertain(reader, time)) sides.push(reader)
      else if (!isStraight || !this.#isPassed(reader) || !this.#sidesBelow(reader, time, sides)) areAll = false
    }
    return areAll
  }

  /** Whether the records of an operator are those of a chain, which no other operator reads. */
  #isPassed(operator: Operator): boolean {
    return NARROW.has(operator.kind) && !this.#shared.has(operator) && !this.#owned.has(operator)
  }

  /** Whether the batch evaluates an operator as a whole. A user's function that gets an RDD may leave it, as a union may. */
  #isCertain(operator: Operator, time: number): boolean {
    if (operator.state !== undefined) return true
    if (!this.#reads.isValid(operator, time)) return false
    const { operators, outputs } = this.#readersOf(operator)
    const usesAll = (reader: Operator | OutputNode): boolean =>
      reader.handsOutRDD !== true || this.#singleUses.has(reader)
    if (outputs.some(usesAll)) return true
    return operators.some((reader) => usesAll(reader) && reader.kind !== 'union' && this.#isCertain(reader, time))
  }

  /** Makes the lineage of a map side, of which nothing is evaluated. Its own reader meets the error where that fails. */
  async #make(side: Operator, time: number): Promise<void> {
    const { read } = this.#reads
    try {
      await (side.state === undefined ? read(side, time) : side.mapSide?.(time, read))
    } catch {
      return
    }
  }

  #readersOf(operator: Operator): Readers {
    return this.#readers.get(operator) ?? NO_READERS
  }

  #note(parent: Operator, { operators, outputs }: Readers): void {
    const known = this.#readersOf(parent)
    this.#readers.set(parent, {
      operators: [...known.operators, ...operators],
      outputs: [...known.outputs, ...outputs],
    })
  }
}
