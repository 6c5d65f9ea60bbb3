import type { BodyTrace } from '../../rdd/plan/body-trace.js'
import type { AnyFunction } from '../../rdd/plan/lineage.js'
import type { AnyPlan, BodyRun, Built, FunctionAddress, PlannedStep, ReaderPlan } from '../../rdd/plan/stage-runner.js'
import { digest } from '../../streams/graph/fingerprint.js'
import type { Graph } from '../../streams/graph/graph.js'
import { bodyText, type BodyText } from '../../streams/graph/texts/repeatable-body.js'
import type { Parse } from '../../streams/graph/texts/syntax.js'

/** The runs that are remembered. Those of batches whose RDDs are evaluated long after are done in the thread of the program. */
const MOST_RUNS = 256

/** What a function's address consists of that is made in each batch. */
export interface BodyAddress {
  /** The run, by the id of its operator and the batch time. */
  readonly run: string
  readonly slot: number
}

/** Returns the parts of an address; `undefined` for one of a function that is made once. */
export function bodyAddress(address: FunctionAddress): BodyAddress | undefined {
  const at = /!(\d+)@(-?\d+)$/.exec(address)
  return at === null ? undefined : { run: `${address.slice(0, at.index)}@${at[2]}`, slot: Number(at[1]) }
}

/** Returns the name of a run. */
export function nameOfRun({ id, time }: Pick<BodyRun, 'id' | 'time'>): string {
  return `${id}@${time}`
}

/** Returns a text of plans without the times of batches, so that it is the same for a stage of each batch. */
export function withoutTimes(plans: string): string {
  return plans.replace(/(!\d+)@-?\d+"/g, '$1"')
}

/** Returns a hash of what a run of a function has built, and of the texts of the functions that it has given to steps. */
export function traceDigest({ entries, functions }: BodyTrace): string {
  return digest(JSON.stringify([entries, functions.map((f) => Function.prototype.toString.call(f))]))
}

/** The functions that users' functions over RDDs make in each batch, in the thread of the program. */
export class BodyRuns {
  /** What the texts of the operators' functions tell. */
  readonly texts = new Map<object, BodyText>()
  readonly #ids = new Map<object, string>()
  readonly #addresses = new WeakMap<AnyFunction, FunctionAddress>()
  readonly #runs = new Map<string, BodyRun>()
  readonly #runsOfPlan = new WeakMap<AnyPlan, readonly BodyRun[] | undefined>()
  readonly #mayMove: (f: AnyFunction) => boolean

  /**
   * @param definition the function that has built the graph, where it is known
   * @param mayMove whether any thread may call a function
   */
  constructor(
    graph: Graph,
    definition: AnyFunction | undefined,
    { parse, mayMove }: { readonly parse: Parse; readonly mayMove: (f: AnyFunction) => boolean },
  ) {
    for (const { id, operator } of graph.nodes) {
      if (operator.body === undefined || operator.rddFunction === undefined) continue
      this.texts.set(operator, bodyText(operator.rddFunction, definition, parse))
      this.#ids.set(operator, id)
    }
    this.#mayMove = mayMove
  }

  /** Gives addresses to the functions that were made in a batch. */
  built({ by, time, inputs, trace }: Built): void {
    const id = this.#ids.get(by)
    if (id === undefined || this.texts.get(by)!.reason !== undefined) return
    if (trace.functions.length === 0 || inputs.some((input) => input.by === 'own')) return
    const run: BodyRun = { id, time, inputs, digest: traceDigest(trace) }
    this.#remember(run)
    // A function that is given twice has the address of its first place.
    for (const [slot, f] of [...trace.functions.entries()].reverse()) {
      if (this.#mayMove(f)) this.#addresses.set(f, `${id}!${slot}@${time}`)
    }
  }

  addressOf(f: AnyFunction): FunctionAddress | undefined {
    return this.#addresses.get(f)
  }

  /** Returns the runs that have made functions of a plan; `undefined` where one of them is forgotten. */
  runsOf(plan: AnyPlan): readonly BodyRun[] | undefined {
    if (this.#runs.size === 0) return []
    if (!this.#runsOfPlan.has(plan)) this.#runsOfPlan.set(plan, this.#find(plan))
    return this.#runsOfPlan.get(plan)
  }

  #find(plan: AnyPlan): readonly BodyRun[] | undefined {
    const names = new Set(addressesOf(plan).map((address) => bodyAddress(address)?.run))
    names.delete(undefined)
    const runs = [...names].map((name) => this.#runs.get(name!))
    return runs.includes(undefined) ? undefined : (runs as BodyRun[])
  }

  #remember(run: BodyRun): void {
    this.#runs.set(nameOfRun(run), run)
    const [oldest] = this.#runs.keys()
    if (this.#runs.size > MOST_RUNS) this.#runs.delete(oldest!)
  }
}

function addressesOf(plan: AnyPlan | ReaderPlan): FunctionAddress[] {
  // The functions of a state are those of its operator.
  if ('state' in plan) return []
  if ('combiners' in plan) return plan.combiners === null ? [] : [plan.combiners]
  const steps = plan.steps.map(({ f }: PlannedStep) => f)
  if ('save' in plan) return steps
  if ('call' in plan) return [...steps, plan.call]
  if ('readers' in plan) return [...steps, ...plan.readers.flatMap(addressesOf)]
  const { create, merge } = plan
  return [...steps, ...(merge === null ? [] : [merge]), ...(create === undefined ? [] : [create])]
}
