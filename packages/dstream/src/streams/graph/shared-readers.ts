import type { Graph } from './graph.js'
import type { Operator } from './operator.js'
import type { OutputNode } from './output.js'
import { sharedOperators } from './remember.js'

/** The operators whose records are combined by key before they are merged. */
export const MAP_SIDES: ReadonlySet<string> = new Set(
  'reduceByKey combineByKey groupByKey countByValue distinct runningReduceByKey updateStateByKey'.split(' '),
)

/** The operators that may stand between a source and a map side: they change no partition but record by record. */
export const NARROW: ReadonlySet<string> = new Set(
  'map filter flatMap mapToPair flatMapToPair mapValues flatMapValues union'.split(' '),
)

/** The readers of an operator. */
interface Readers {
  readonly operators: readonly Operator[]
  readonly outputs: readonly OutputNode[]
}

/** The readers of the records of an operator that may be done together with them. */
interface SidesBelow {
  readonly sides: readonly Operator[]
  /** The operators behind narrow steps whose records are kept too. */
  readonly kept: readonly Operator[]
  /** Whether nothing else reads the records. */
  readonly areAll: boolean
}

const NO_READERS: Readers = { operators: [], outputs: [] }

interface SharedReadersOptions {
  readonly graph: Graph
  /** The readers whose functions evaluate an RDD at most once. */
  readonly singleUses: ReadonlySet<Operator | OutputNode>
  /** The operators whose records the engine keeps as its own. */
  readonly owned: { has(operator: Operator): boolean }
  /** Whether an operator has an RDD in the batch that is asked about. */
  readonly isValid: (operator: Operator, time: number) => boolean
}

/** The operators whose records are kept for several readers, and those readers. */
export class SharedReaders {
  readonly #options: SharedReadersOptions
  readonly #shared: ReadonlySet<Operator>
  readonly #readers = new Map<Operator, Readers>()

  constructor(options: SharedReadersOptions) {
    const { graph, singleUses } = options
    this.#options = options
    this.#shared = sharedOperators(graph, singleUses)
    for (const { operator } of graph.nodes) {
      for (const parent of operator.parents) this.#note(parent, { operators: [operator], outputs: [] })
    }
    for (const output of graph.outputs) this.#note(output.parent, { operators: [], outputs: [output] })
  }

  /** Whether the records of an operator are kept as the engine's own, for later batches. */
  isOwned(operator: Operator): boolean {
    return this.#options.owned.has(operator)
  }

  /** Whether the records of an operator are kept: several operators of a batch read them, or later batches. */
  isKept(operator: Operator): boolean {
    return this.#shared.has(operator) || this.isOwned(operator)
  }

  /**
   * Returns the map sides right behind the records of an operator, and further kept records there, as far as a batch asks for
   * them with certainty. They are done together with the records.
   */
  sidesBelow(operator: Operator, time: number): SidesBelow {
    const below = { sides: [], kept: [] }
    const areAll = this.#collect(operator, time, below)
    return { ...below, areAll: areAll && !this.isOwned(operator) }
  }

  #collect(
    operator: Operator,
    time: number,
    below: { readonly sides: Operator[]; readonly kept: Operator[] },
  ): boolean {
    const { operators, outputs } = this.#readersOf(operator)
    let areAll = outputs.length === 0
    for (const reader of operators) {
      if (reader.lookbackMs === 0 && !this.#options.isValid(reader, time)) continue
      const isStraight = reader.lookbackMs === 0 && reader.parents.length === 1
      if (isStraight && MAP_SIDES.has(reader.kind) && this.#isCertain(reader, time)) below.sides.push(reader)
      else if (isStraight && this.#isKeptBelow(reader, time)) below.kept.push(reader)
      else if (!isStraight || !this.#isPassed(reader) || !this.#collect(reader, time, below)) areAll = false
    }
    return areAll
  }

  /** Whether the records of an operator are kept, and a map side asks for all of them with certainty. */
  #isKeptBelow(operator: Operator, time: number): boolean {
    if (!NARROW.has(operator.kind) || !this.isKept(operator)) return false
    const { sides, kept } = this.sidesBelow(operator, time)
    return sides.length > 0 || kept.length > 0
  }

  /** Whether the records of an operator go through it to its only reader. */
  #isPassed(operator: Operator): boolean {
    return NARROW.has(operator.kind) && !this.isKept(operator)
  }

  /**
   * Whether the batch evaluates an operator as a whole. A user's function with a single action is taken to run it; one with several
   * may leave its RDD, and a union may have enough of its other parents.
   */
  #isCertain(operator: Operator, time: number): boolean {
    const { isValid, singleUses } = this.#options
    if (operator.state !== undefined) return true
    if (!isValid(operator, time)) return false
    const { operators, outputs } = this.#readersOf(operator)
    const usesAll = (reader: Operator | OutputNode): boolean => reader.handsOutRDD !== true || singleUses.has(reader)
    if (outputs.some(usesAll)) return true
    return operators.some((reader) => usesAll(reader) && reader.kind !== 'union' && this.#isCertain(reader, time))
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
