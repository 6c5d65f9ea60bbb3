import type { RecordOrigin } from '../../base/record-error.js'
import { runEarly, type EarlyRun } from '../plan/early-run.js'
import { Evaluation } from '../plan/evaluation.js'
import { LineageNode, stepOf, type LoopInput } from '../plan/lineage.js'
import type { Pass } from '../plan/pass.js'
import type { RDDRuntime } from '../plan/runtime.js'
import { combineSink, type CombineSink } from './loop-sink.js'
import { passOf, type Steps } from './pass.js'

/** The functions of the table that a fold makes. */
export type TableFunctions = Pick<CombineSink, 'create' | 'merge' | 'copyKey' | 'own'>

/** A fold over a source: the steps that its records go through, and the functions of its table. */
export interface Fold {
  readonly source: LineageNode
  readonly steps: Steps
  readonly functions: TableFunctions
  readonly origin: RecordOrigin
}

/** What has been folded before a batch: the table of its first partitions. */
export interface BegunFold {
  readonly partitions: number
  readonly table: Pick<CombineSink, 'integers' | 'map'>
}

/** The early work for one batch of a source. */
export interface EarlyBatch {
  /** Returns what has been folded for this very fold, once: the caller goes on with its table. */
  take(fold: Fold): Promise<BegunFold | undefined> | undefined
}

const earlyBatches = new WeakMap<LineageNode, EarlyBatch>()

/** Notes the early work for the batch that a source node holds. */
export function withEarlyBatch(source: LineageNode, batch: EarlyBatch): void {
  earlyBatches.set(source, batch)
}

/** Leaves all work above an RDD to its batch: a function of the user is given the RDD, and may do with it whatever it likes. */
export function endEarlyWork(node: LineageNode): void {
  earlyBatches.delete(chainOf(node).source)
}

/** Returns the steps that a node ends, and the node below them. */
function chainOf(node: LineageNode): Pick<Fold, 'source' | 'steps'> {
  const steps: LineageNode[] = []
  let source = node
  while (source.cached === undefined && source.plan.type === 'narrow' && source.plan.op !== 'tap') {
    steps.push(source)
    source = source.parents[0]!
  }
  return { source, steps: steps.reverse() }
}

/**
 * Returns what has been folded before the batch, for a fold over a chain of steps right above a source that has no other
 * reader. A `tap`, and whatever reads whole partitions, never runs early, and nothing below it does.
 */
export function begunFold(
  parent: LineageNode,
  functions: TableFunctions,
  origin: RecordOrigin,
): Promise<BegunFold | undefined> | undefined {
  const { source, steps } = chainOf(parent)
  if (source.cached !== undefined) return undefined
  return earlyBatches.get(source)?.take({ source, steps, functions, origin })
}

/** The functions of a fold without the data of its batch, so that they can be kept from one batch to the next. */
export class FoldPlan {
  readonly #source: LineageNode
  readonly #steps: Steps
  readonly #functions: TableFunctions
  readonly #origin: RecordOrigin

  constructor({ source, steps, functions, origin }: Fold) {
    this.#source = detached(source, { type: 'source', parts: [] })
    this.#steps = steps.map((step) => detached(step, step.plan))
    this.#functions = functions
    // The operator may be a node with its lineage.
    this.#origin = { operator: origin.operator, time: origin.time }
  }

  /** Whether a fold calls the same functions in the same order. It then makes the same table of the same records. */
  equals({ steps, functions }: Fold): boolean {
    const own = this.#functions
    return (
      steps.length === this.#steps.length &&
      steps.every((step, i) => isSameStep(step, this.#steps[i]!)) &&
      own.create === functions.create &&
      own.merge === functions.merge &&
      own.copyKey === functions.copyKey &&
      own.own === functions.own
    )
  }

  begin(runtime: RDDRuntime, idle: () => Promise<void>): EarlyFold {
    const { create, merge, ...rest } = this.#functions
    const steps = this.#steps.map((step) => detached(step, step.plan))
    return new EarlyFold({
      runtime,
      idle,
      source: this.#source,
      steps,
      sink: combineSink(this.#origin, create, merge, rest),
    })
  }
}

function isSameStep(a: LineageNode, b: LineageNode): boolean {
  const [one, other] = [stepOf(a), stepOf(b)]
  return one.op === other.op && one.f === other.f
}

/** Returns a node of the same step without parents, records and counts. */
function detached({ kind, label, time }: LineageNode, plan: LineageNode['plan']): LineageNode {
  const node = new LineageNode({ kind, plan, numPartitions: 0 })
  node.label = label
  node.time = time
  return node
}

/** Ends a fold at once. A codec or a function that catches it changes nothing: the fold has failed already. */
class GivenUp extends Error {}

interface EarlyFoldParts {
  readonly runtime: RDDRuntime
  /** Resolves when no batch is under way. */
  readonly idle: () => Promise<void>
  readonly source: LineageNode
  readonly steps: Steps
  readonly sink: CombineSink
}

/**
 * Folds the first partitions of a batch into the table of the batch, in order, before the batch begins. The batch goes on with
 * this table, so the same functions are called with the same arguments as without. An error, of whichever record, gives all of it
 * up: the batch then folds every partition itself, and meets the error where it belongs.
 */
export class EarlyFold {
  readonly #parts: EarlyFoldParts
  readonly #run: EarlyRun = { isRefused: false }
  #folded = 0
  #hasFailed = false
  #isAwaited = false
  #underWay: Promise<void> | undefined
  #goOn = (): void => undefined

  constructor(parts: EarlyFoldParts) {
    this.#parts = parts
  }

  /** Whether an error has ended the fold. */
  get hasFailed(): boolean {
    return this.#hasFailed
  }

  /** Whether the functions do what they must not do before their batch. */
  get isRefused(): boolean {
    return this.#run.isRefused
  }

  /**
   * Folds the next partition, in slices of the event loop while no batch needs it. Never rejects.
   *
   * @param read returns the records; the function that it is given ends the fold
   */
  add(read: (giveUp: () => never) => LoopInput): Promise<void> {
    return (this.#underWay = this.#fold(read).catch(() => void (this.#hasFailed = true)))
  }

  /** Returns the table once the partition under way is folded. The steps that the batch counts by get the counts of these. */
  async take(steps: Steps): Promise<BegunFold | undefined> {
    this.#isAwaited = true
    this.#goOn()
    await this.#underWay
    if (this.#hasFailed) return undefined
    for (const [i, { taken, given }] of this.#parts.steps.entries()) {
      steps[i]!.taken += taken
      steps[i]!.given += given
    }
    const { integers, map } = this.#parts.sink
    return { partitions: this.#folded, table: { integers, map } }
  }

  async #fold(read: (giveUp: () => never) => LoopInput): Promise<void> {
    const { runtime, source, steps, sink } = this.#parts
    const evaluation = new Evaluation(runtime)
    const run = this.#run
    const giveUp = (): never => {
      this.#hasFailed = true
      throw new GivenUp()
    }
    // Without a policy for records every error ends the fold: the policy is asked in the batch, once for each record.
    const pass = runEarly(run, () => passOf(read(giveUp), steps, sink, evaluation, undefined, source))
    await this.#toItsEnd({ advance: (budget) => runEarly(run, () => pass.advance(budget)) })
    if (run.isRefused) this.#hasFailed = true
    this.#folded++
  }

  async #toItsEnd(pass: Pass): Promise<void> {
    const slice = this.#parts.runtime.yielder.begin()
    while (pass.advance(slice.size) === 0) {
      const pause = slice.pause()
      if (pause === undefined) continue
      await pause
      if (!this.#isAwaited) await this.#idle()
    }
  }

  /** Resolves when no batch is under way, or the batch of this fold waits for it. */
  #idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#goOn = resolve
      void this.#parts.idle().then(resolve)
    })
  }
}
