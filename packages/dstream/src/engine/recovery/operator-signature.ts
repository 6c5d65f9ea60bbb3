import type { OperatorSignature } from '../../durable/checkpoint/checkpoint.js'
import { fingerprint, formerFingerprint } from '../../streams/graph/fingerprint.js'
import type { Graph } from '../../streams/graph/graph.js'
import type { Operator } from '../../streams/graph/operator.js'
import type { InputSources } from '../../input/sources/input-sources.js'

/** Returns the signatures by which a checkpoint recognises the operators of a program. */
export function signaturesOf(graph: Graph, inputs: InputSources): OperatorSignature[] {
  const streams = new Map(inputs.all.map((source) => [source.operator, source.streamId]))
  const fingerprints = new Map<Operator, string>()
  const former = new Map<Operator, string>()
  return graph.nodes.map(({ id, derived, operator }) => {
    const streamId = streams.get(operator)
    return {
      id,
      derived,
      kind: operator.kind,
      fingerprint: fingerprint(operator, fingerprints),
      formerFingerprint: formerFingerprint(operator, former),
      slideMs: operator.slideMs,
      tables: Object.keys(operator.state?.tables ?? {}),
      version: operator.state?.version ?? 1,
      migrate: operator.state?.migrate,
      ...(streamId === undefined ? {} : { streamId }),
    }
  })
}
