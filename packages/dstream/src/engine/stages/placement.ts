import type { AnyFunction } from '../../rdd/plan/lineage.js'
import type { FunctionAddress } from '../../rdd/plan/stage-runner.js'
import type { Graph } from '../../streams/graph/graph.js'
import type { Operator, OperatorState } from '../../streams/graph/operator.js'
import type { OutputNode } from '../../streams/graph/output.js'
import type { BodyText } from '../../streams/graph/texts/repeatable-body.js'
import { keptTimes, ownedOperators, rememberTimes } from '../../streams/graph/remember.js'
import { MAP_SIDES, NARROW, SharedReaders } from '../../streams/graph/shared-readers.js'
import { singleUses } from '../../streams/graph/texts/single-use.js'

/** The transformations of RDDs that change records one by one. */
const STEPS = new Set(
  'map filter flatMap mapToPair flatMapToPair mapValues flatMapValues keyBy keys values union'.split(' '),
)
/** Those that combine records by key before they are merged. */
const SHUFFLES = new Set('reduceByKey combineByKey groupByKey groupBy foldByKey aggregateByKey distinct'.split(' '))

/** What makes all partitions of its records at once, in the driver. Map sides behind it send them where they are many. */
const MADE_AT_ONCE = new Set([...SHUFFLES, 'countByValue', 'repartition', 'partitionBy', 'sortBy', 'sortByKey'])

/** Why the calls of an output stay in the driver where the cluster speculates. */
const TWICE = 'Spark may run a task of it twice at once (spark.speculation)'

type Bodies = ReadonlyMap<object, BodyText>

/** What a program and its cluster say beside the graph. */
interface Surroundings {
  /** The time for which the program remembers every stream, in milliseconds. */
  readonly leastMs: number
  /** Whether the cluster may run a task that is slow a second time beside the first. */
  readonly speculates: boolean
}

interface Placement {
  /** Whether any part may run on the cluster. */
  readonly isSpread: boolean
  readonly line: string
}

/**
 * Returns in one line which parts of a graph a cluster may run and which stay in the driver, with the reason.
 *
 * @param addresses the functions that workers may call
 * @param bodies what the texts of the operators' functions over RDDs tell
 */
export async function placementOf(
  graph: Graph,
  addresses: ReadonlyMap<AnyFunction, FunctionAddress>,
  bodies: Bodies,
  { leastMs, speculates }: Surroundings,
): Promise<Placement> {
  const owned = ownedOperators(graph, leastMs, keptTimes(graph, leastMs, rememberTimes(graph, leastMs)))
  const readers = new SharedReaders({ graph, singleUses: await singleUses(graph), owned, isValid: () => true })
  const reasons = new Reasons(graph, addresses, bodies, readers)
  const shared: string[] = []
  const spread: string[] = []
  const sent: string[] = []
  const mergedHere: string[] = []
  const called: string[] = []
  const updated: string[] = []
  const kept: string[] = []
  for (const { id, operator } of graph.nodes) {
    if (reasons.isShared(operator)) shared.push(id)
    const { state } = operator
    if (state?.update !== undefined) {
      const reason = reasons.againstUpdates(id, state)
      if (reason === undefined) updated.push(id)
      else kept.push(`the state of ${id} (${reason})`)
    }
    if (MAP_SIDES.has(operator.kind) || reasons.combines(operator)) {
      const reason = reasons.against(operator)
      if (reason === undefined) spread.push(id)
      else if (reasons.isSent(operator)) sent.push(`${id} (${reason})`)
      else kept.push(`${id} (${reason})`)
      if (reason === undefined && reasons.mergesHere(operator)) mergedHere.push(id)
    } else if (state?.update !== undefined) continue
    else if (!reasons.isNarrow(operator) && operator.source !== true) kept.push(id + reasons.ofBody(operator))
  }
  for (const output of graph.outputs) {
    const { id } = output
    const reason = speculates && output.byPartition === 'calls' ? TWICE : reasons.againstOutput(output)
    if (reason === undefined) called.push(id)
    else kept.push(reason === '' ? id : `${id} (${reason})`)
  }
  const isSpread = shared.length + spread.length + sent.length + called.length + updated.length > 0
  const parts = [
    ...(isSpread ? [] : ['nothing of it on the cluster']),
    ...(shared.length === 0 ? [] : [`shared streams on the cluster: ${shared.join(', ')}`]),
    ...(spread.length === 0 ? [] : [`map sides on the cluster: ${spread.join(', ')}`]),
    ...(sent.length === 0
      ? []
      : [`map sides on the cluster for many records in several partitions: ${sent.join(', ')}`]),
    ...(updated.length === 0 ? [] : [`states on the cluster: ${updated.join(', ')}`]),
    ...(called.length === 0 ? [] : [`outputs on the cluster: ${called.join(', ')}`]),
    `in the driver: ${[...mergings(spread, mergedHere), ...kept].join(', ')}`,
  ]
  return { isSpread, line: `${parts.join('; ')}.` }
}

/** Returns what of the merging of map sides the driver does. */
function mergings(spread: readonly string[], mergedHere: readonly string[]): string[] {
  const small = spread.length > mergedHere.length ? ['the merging of small tables'] : []
  return mergedHere.length === 0 ? small : [...small, `the merging of all tables of ${mergedHere.join(' and ')}`]
}

/** Returns what it means for a part of the job that the records of an operator are in the driver: a reason to stay, or none. */
type KeptHere = (reason: string, at: Operator) => string | undefined

/** Finds why a map side stays in the driver. Below a source or a `repartition` records can go anywhere. */
class Reasons {
  readonly #riders = new Set<Operator>()

  constructor(
    readonly graph: Graph,
    readonly addresses: ReadonlyMap<AnyFunction, FunctionAddress>,
    readonly bodies: Bodies,
    readonly readers: SharedReaders,
  ) {
    for (const { operator } of graph.nodes) {
      if (!this.isShared(operator)) continue
      const { sides, kept } = readers.sidesBelow(operator, 0)
      for (const rider of [...sides, ...kept]) this.#riders.add(rider)
    }
  }

  /** Whether an operator changes its records one by one: by its own function, or by those that its function over RDDs makes. */
  isNarrow(operator: Operator): boolean {
    const methods = this.#methodsOf(operator)
    return NARROW.has(operator.kind) || (methods !== undefined && [...methods].every((method) => STEPS.has(method)))
  }

  /** Whether the function over RDDs of an operator combines its records by key, behind steps alone. */
  combines(operator: Operator): boolean {
    const methods = [...(this.#methodsOf(operator) ?? [])]
    return SHUFFLES.has(methods.find((method) => !STEPS.has(method)) ?? '')
  }

  /** Whether a map side stays for nothing but records that a shuffle has made in the driver: they are sent if they are many. */
  isSent(operator: Operator): boolean {
    const isMadeHere = (at: Operator): boolean => this.#isMadeAtOnce(at) && !this.readers.isOwned(at)
    return this.#against(operator, (reason, at) => (isMadeHere(at) ? undefined : reason)) === undefined
  }

  #isMadeAtOnce(operator: Operator): boolean {
    const methods = this.#methodsOf(operator)
    if (methods === undefined) return operator.state === undefined && MADE_AT_ONCE.has(operator.kind)
    const others = [...methods].filter((method) => !STEPS.has(method))
    return others.length > 0 && others.every((method) => MADE_AT_ONCE.has(method))
  }

  /** Returns in parentheses why the function over RDDs of an operator is called in the driver alone, where it is. */
  ofBody(operator: Operator): string {
    const reason = this.bodies.get(operator)?.reason
    return reason === undefined ? '' : ` (${reason})`
  }

  #methodsOf(operator: Operator): ReadonlySet<string> | undefined {
    const { reason, methods } = this.bodies.get(operator) ?? { reason: undefined, methods: undefined }
    return reason === undefined ? methods : undefined
  }

  /** Whether the records of an operator are kept in the driver, and made on the cluster. */
  isShared(operator: Operator): boolean {
    const isStraight = operator.kind !== 'union' && operator.parents.length === 1
    return (
      isStraight && this.isNarrow(operator) && this.readers.isKept(operator) && this.against(operator) === undefined
    )
  }

  /** Whether the driver merges all tables of a map side: those that come with shared records, and where it has to call the function. */
  mergesHere(operator: Operator): boolean {
    return this.#riders.has(operator) || operator.mergers?.every((f) => this.addresses.has(f)) === false
  }

  /** Finds why the updates of a state stay in the driver. */
  againstUpdates(id: string, { tables, update }: OperatorState): string | undefined {
    if (tables['state']!.numPartitions < 2) return 'it has one partition'
    return this.#functionsAgainst(id, update!.functions)
  }

  /**
   * Finds why an output stays in the driver; the text is empty for one that always does. Records that are kept there are sent to the
   * workers.
   */
  againstOutput({ id, parent, functions, byPartition, staysSince = '' }: OutputNode): string | undefined {
    if (byPartition === undefined) return staysSince
    return this.#functionsAgainst(id, functions) ?? this.#above([parent], () => undefined)
  }

  against(operator: Operator): string | undefined {
    // A rider is done together with the records.
    return this.#against(operator, (reason) => (this.#riders.has(operator) ? undefined : reason))
  }

  #against(operator: Operator, keptHere: KeptHere): string | undefined {
    const own = this.#functionsAgainst(this.graph.node(operator).id, operator.functions)
    return own ?? this.#above(operator.parents, keptHere)
  }

  #above(parents: readonly Operator[], keptHere: KeptHere): string | undefined {
    const above = [...parents]
    for (const parent of above) {
      const { id } = this.graph.node(parent)
      const kept = this.#keptAs(parent, id)
      const reason = kept === undefined ? this.#functionsAgainst(id, parent.functions) : keptHere(kept, parent)
      if (reason !== undefined) return reason
      // Where the records are in the driver, it does not matter what they were made of.
      if (kept === undefined && !isAnywhere(parent)) above.push(...parent.parents)
    }
    return undefined
  }

  /** Finds why the records of an operator are in the driver. */
  #keptAs(operator: Operator, id: string): string | undefined {
    if (isAnywhere(operator)) return this.readers.isOwned(operator) ? `${id} is kept for later batches` : undefined
    if (!this.isNarrow(operator)) return `behind ${id}`
    return this.readers.isKept(operator) ? `${id} is kept for several readers` : undefined
  }

  #functionsAgainst(id: string, functions: readonly AnyFunction[] = []): string | undefined {
    const mayMove = functions.every((f) => this.addresses.has(f))
    return mayMove ? undefined : `${id} changes a variable outside of its function`
  }
}

/** Whether the records of an operator can go anywhere, whatever they were made of. */
function isAnywhere({ source, kind }: Operator): boolean {
  return source === true || kind === 'repartition'
}
