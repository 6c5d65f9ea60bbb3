import { inspectCheckpoint } from '../durable/checkpoint/inspect.js'
import { inspectLines } from '../durable/checkpoint/inspect-lines.js'
import { isUri } from '../base/uri.js'
import { checkpointStorage } from './checkpoint-storage.js'
import { mustBeDirectory } from './files/must-be-directory.js'

/**
 * Returns the contents of a checkpoint in a directory or at a URI, as lines. It reads without a lock, so that a job which uses
 * the place goes on undisturbed.
 *
 * @throws {NoDirectory} @throws `no-file-system`, `checkpoint-damaged`, `checkpoint-newer-format`
 */
export async function inspectPlace(place: string): Promise<string[]> {
  if (!isUri(place)) await mustBeDirectory(place)
  const report = await inspectCheckpoint(checkpointStorage(place))
  return report === undefined ? [`${place} holds no checkpoint.`] : inspectLines(report)
}
