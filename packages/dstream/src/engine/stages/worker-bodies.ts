import { HashPartitioner } from '../../base/keys/partitioner.js'
import { unrecorded } from '../../rdd/plan/accumulators.js'
import { traced } from '../../rdd/plan/body-trace.js'
import { LineageNode, type AnyFunction } from '../../rdd/plan/lineage.js'
import type { BodyInput, BodyRun, FunctionAddress } from '../../rdd/plan/stage-runner.js'
import { RDD, type RDDFactory } from '../../rdd/rdd.js'
import type { Graph } from '../../streams/graph/graph.js'
import type { Operator } from '../../streams/graph/operator.js'
import { bodyAddress, nameOfRun, traceDigest } from './body-runs.js'
import { OnlyThere } from './part-watch.js'

/** A user's function over RDDs has built other ones here than in the thread of the program. */
export class OtherBody extends OnlyThere {
  constructor(readonly id: string) {
    super(`the function of ${id} builds something else in a worker: its RDDs or functions are others there`)
  }
}

/** The functions that users' functions over RDDs make in each batch, in a worker: these are called again for the same batch. */
export class WorkerBodies {
  readonly #context: RDDFactory
  readonly #operators: ReadonlyMap<string, Operator>
  #runs: ReadonlyMap<string, BodyRun> = new Map()
  /** What the runs of the task have made so far. */
  readonly #made = new Map<string, readonly AnyFunction[]>()

  constructor(graph: Graph, context: RDDFactory) {
    this.#context = context
    this.#operators = new Map(graph.nodes.map(({ id, operator }) => [id, operator]))
  }

  /** Begins a task. Its functions are made for it alone, as the values that they close over are. */
  begin(runs: readonly BodyRun[] = []): void {
    this.#runs = new Map(runs.map((run) => [nameOfRun(run), run]))
    this.#made.clear()
  }

  /** Returns the function of an address; `undefined` for one that is not made in each batch. @throws {OnlyThere} */
  functionAt(address: FunctionAddress): AnyFunction | undefined {
    const place = bodyAddress(address)
    const run = place && this.#runs.get(place.run)
    if (run === undefined) return undefined
    const made = this.#made.get(place!.run) ?? this.#make(run)
    this.#made.set(place!.run, made)
    return made[place!.slot]
  }

  #make(run: BodyRun): readonly AnyFunction[] {
    const { body } = this.#operators.get(run.id) ?? {}
    if (body === undefined) throw new OtherBody(run.id)
    const rdds = run.inputs.map((input) => new RDD<never>(this.#context, planOnly(input)))
    // The thread of the program has run the function as well, and has made its additions.
    const { trace } = traced(() => unrecorded(() => body(rdds, run.time)))
    if (traceDigest(trace) !== run.digest) throw new OtherBody(run.id)
    return trace.functions
  }
}

/** Returns an RDD of which nothing can be evaluated. */
function planOnly({ numPartitions, by }: BodyInput): LineageNode {
  const refuse = (): never => {
    throw new OnlyThere('an RDD of transform has no records in a worker')
  }
  return new LineageNode({
    kind: 'transform',
    plan: { type: 'source', parts: Array.from({ length: numPartitions }, () => ({ iterate: refuse })) },
    numPartitions,
    partitioner: by === 'hash' ? new HashPartitioner(numPartitions) : undefined,
  })
}
