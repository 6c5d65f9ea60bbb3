import { checkpointNotMultiple, checkpointTooOften, noCheckpointDir, noOutputs } from '../../base/errors/graph.js'
import type { Graph } from './graph.js'

/**
 * Checks a graph before it runs (reference: `DStreamGraph.validate`, `DStream.validateAtStart`).
 *
 * @throws `no-outputs`, `no-checkpoint-dir`, `checkpoint-interval`
 */
export function validate(graph: Graph, hasCheckpointDir: boolean): void {
  if (graph.outputs.length === 0) throw noOutputs()
  for (const { id, operator, checkpointMs } of graph.nodes) {
    if (checkpointMs === undefined) continue
    if (!hasCheckpointDir) throw noCheckpointDir(id)
    if (checkpointMs < operator.slideMs) throw checkpointTooOften(id, checkpointMs, operator.slideMs)
    if (checkpointMs % operator.slideMs !== 0) throw checkpointNotMultiple(id, checkpointMs, operator.slideMs)
  }
}
