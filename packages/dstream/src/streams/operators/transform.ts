import { noParentRDD, noRDDReturned, nullTransform } from '../../base/errors/graph.js'
import { HashPartitioner } from '../../base/keys/partitioner.js'
import { ActionTracker } from '../graph/action-tracker.js'
import { commonSlideMs, operator } from '../graph/make.js'
import type { Operator, RDDFunction } from '../graph/operator.js'
import { traced } from '../../rdd/plan/body-trace.js'
import type { BodyInput } from '../../rdd/plan/stage-runner.js'
import { RDD } from '../../rdd/rdd.js'
import { Time } from '../../base/time/time.js'

function shown(value: unknown): string {
  return value === null ? 'null' : typeof value
}

function inputOf({ numPartitions, partitioner }: RDD<never>): BodyInput {
  if (partitioner === undefined) return { numPartitions, by: 'nothing' }
  return { numPartitions, by: partitioner instanceof HashPartitioner ? 'hash' : 'own' }
}

/**
 * Maps whole batches to a whole batch, by any code over RDDs. `f` is called once for every batch, may be asynchronous, and may
 * run actions on its RDDs; every action it starts is awaited.
 *
 * Law: `transform(rdd => rdd.map(f)) = map(f)`.
 * Errors: a parent without an RDD, or an `f` that does not return an RDD, fails the outputs that depend on it
 * (reference: `TransformedDStream.compute`).
 *
 * @param given the function as the user wrote it, and where it is given the RDDs
 */
export function transform<U>(
  kind: string,
  parents: readonly Operator[],
  f: (rdds: readonly RDD<never>[], time: Time) => RDD<U> | Promise<RDD<U>>,
  given: Pick<RDDFunction, 'f' | 'rdds'>,
): Operator<U> {
  const body = (rdds: readonly RDD<never>[], time: number): ReturnType<typeof f> => f(rdds, new Time(time))
  const self: Operator<U> = operator({
    kind,
    parents,
    slideMs: commonSlideMs(kind, parents),
    handsOutRDD: true,
    body,
    rddFunction: { ...given, returnsRDD: true },
    compute: async (time, read) => {
      const actions = new ActionTracker()
      const rdds: RDD<never>[] = []
      for (const parent of parents) {
        const rdd = await read(parent as Operator<never>, time)
        if (rdd === undefined) throw noParentRDD(kind, parent.kind, time)
        rdds.push(rdd.observedBy(actions))
      }
      const result = await actions.run(() => {
        const stages = rdds[0]?.context.runtime.stages
        if (stages === undefined) return body(rdds, time)
        const { result: built, trace } = traced(() => body(rdds, time))
        // An action gives the function values that another run of it would have to compute again.
        if (!actions.hasStarted) stages.built({ by: self, time, inputs: rdds.map(inputOf), trace })
        return built
      })
      if (result === undefined || result === null) throw nullTransform(kind, shown(result))
      if (!(result instanceof RDD)) throw noRDDReturned(kind, result)
      return result
    },
  })
  return self
}
