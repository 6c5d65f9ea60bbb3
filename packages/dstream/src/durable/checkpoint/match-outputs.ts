import { pendingOutputsGone } from '../../base/errors/outputs.js'
import type { CheckpointOptions } from './checkpoint.js'
import { pendingTimes } from './pending-outputs.js'
import type { StoredState } from './stored-state.js'

/**
 * Drops the batches of outputs that may be dropped.
 * @throws `outputs-dropped` when batches wait for other outputs that are gone
 */
export function matchOutputs(state: StoredState, options: CheckpointOptions, warnings: string[]): void {
  const gone = outputsGone(state, options)
  const dropped = new Set(options.allowDroppedOutputs ?? [])
  const refused = gone.filter(({ output }) => !dropped.has(output))
  if (refused.length > 0) throw pendingOutputsGone(refused)
  for (const { output, batches } of gone) {
    warnings.push(`${batches} batches that wait for "${output}" are dropped, as it was allowed.`)
  }
  const goneIds = new Set(gone.map(({ output }) => output))
  state.pendingOutputs = state.pendingOutputs.filter(({ output }) => !goneIds.has(output))
}

/** Returns the outputs that batches wait for and that the program no longer has, with the number of batches. */
function outputsGone(
  { pendingOutputs }: StoredState,
  { outputs }: Pick<CheckpointOptions, 'outputs'>,
): readonly { readonly output: string; readonly batches: number }[] {
  const known = new Set(outputs)
  const gone = new Map<string, number>()
  for (const range of outputs === undefined ? [] : pendingOutputs) {
    const batches = pendingTimes(range).length
    if (!known.has(range.output)) gone.set(range.output, (gone.get(range.output) ?? 0) + batches)
  }
  return [...gone].map(([output, batches]) => ({ output, batches }))
}
