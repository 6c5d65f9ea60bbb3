import { estimatedBytes } from '../durable/codec/estimated-bytes.js'
import type { BatchStore } from '../engine/batch/batch-store.js'
import type { HeldBatches, TableFigures } from '../observe/job-view.js'
import type { Graph } from '../streams/graph/graph.js'
import type { KeyedState } from '../streams/state/keyed-state.js'

/** What a job holds from one batch to the next. */
export interface Held {
  readonly tables: readonly TableFigures[]
  readonly batches: ReadonlyMap<string, HeldBatches>
}

/** Returns the tables of a job and the batches that it holds for later ones, with their estimated bytes. */
export function heldBy(graph: Graph, store: BatchStore | undefined): Held {
  const tables = graph.nodes.flatMap(({ id, operator }) =>
    Object.entries(operator.state?.tables ?? {}).map(([table, state]) => ({
      id: table === 'state' ? id : `${id}/${table}`,
      operator: id,
      table,
      keys: state.size,
      bytes: store === undefined ? 0 : bytesOf(store, state),
    })),
  )
  const batches = new Map<string, HeldBatches>()
  for (const { id, operator } of graph.nodes) {
    const held = store?.held(operator)
    if (held !== undefined && held.batches > 0) batches.set(id, held)
  }
  return { tables, batches }
}

function bytesOf(store: BatchStore, table: KeyedState<unknown>): number {
  const { keys, bytes } = table.packing.figures
  if (keys > 0) return Math.ceil((bytes * table.size) / keys)
  const view = store.committedView(table)
  try {
    return estimatedBytes(view, view.size)
  } finally {
    view.release()
  }
}
