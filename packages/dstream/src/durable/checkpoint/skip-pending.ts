import { batchNotPending } from '../../base/errors/outputs.js'
import type { Storage } from '../../base/ports.js'
import { decodeCommitHead, encodeCommit } from './commit-frames.js'
import { commitLog, readCommits } from './open-checkpoint.js'
import { pendingRanges, pendingTimesOf } from './pending-outputs.js'

/**
 * Drops one batch that waits for an output, in a commit of its own. The next run continues with the batch behind it.
 * Holds the lock of the storage meanwhile.
 *
 * @param time the time of the batch, in milliseconds
 * @returns the number of batches that still wait for this output
 * @throws `batch-not-pending`, `storage-locked` while a job uses the checkpoint, `checkpoint-damaged`,
 * `checkpoint-newer-format`
 */
export async function skipPending(storage: Storage, output: string, time: number): Promise<number> {
  const release = await storage.lock()
  try {
    const { state, segments } = await readCommits(storage, [])
    const { lastCommitted, lagging, pendingOutputs } = state
    const times = pendingTimesOf(output, pendingOutputs)
    if (lastCommitted === undefined || !times.includes(time)) throw batchNotPending(output, time, pendingOutputs)
    const left = times.filter((other) => other !== time)
    const others = pendingOutputs.filter((range) => range.output !== output)
    const head = { ...decodeCommitHead(segments.at(-1)!.head.payload), fresh: [] }
    const log = commitLog({ storage, onCrashPoint: undefined, head: () => head })
    await log.begin(segments)
    const commit = {
      time: lastCommitted,
      tables: [],
      lagging,
      pendingOutputs: [...others, ...pendingRanges(output, left)],
    }
    await log.append(await encodeCommit(commit, { size: 1, pause: () => undefined }))
    return left.length
  } finally {
    await release()
  }
}
