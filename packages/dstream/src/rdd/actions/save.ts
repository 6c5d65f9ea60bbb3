import { noFiles } from '../../base/errors/rdd.js'
import { aString } from '../../base/options.js'
import type { PartFolder, RDDFiles, SavedForm } from '../../base/ports.js'
import { recordsOfPartition } from '../execution/evaluate.js'
import { SAVES, savedRecords } from '../execution/saved-records.js'
import type { Evaluation } from '../plan/evaluation.js'
import type { LineageNode } from '../plan/lineage.js'
import type { RDDRuntime } from '../plan/runtime.js'

/** Returns the file system of a runtime. @throws `no-files` when it has none */
export function filesOf(runtime: RDDRuntime, action: string): RDDFiles {
  if (runtime.files === undefined) throw noFiles(action)
  return runtime.files
}

/** Writes the parts of a directory in their folder, and resolves to the names of the files, in order of the partitions. */
type WriteParts = (folder: PartFolder) => Promise<readonly string[]>

/**
 * Writes a directory with a file per partition.
 *
 * @param writeParts writes those of a directory at a URI; the others are written from here, one after the other
 */
export function save(
  node: LineageNode,
  form: SavedForm,
  path: string,
  evaluation: Evaluation,
  writeParts: WriteParts,
): Promise<void> {
  const action = SAVES[form]
  const files = filesOf(evaluation.runtime, action)
  const target = aString(action, 'path', path)
  return files.saveParts(target, writeParts) ?? files.save(form, target, partsOf(node, form, evaluation))
}

async function* partsOf(node: LineageNode, form: SavedForm, evaluation: Evaluation): AsyncGenerator<Iterable<unknown>> {
  for (let i = 0; i < node.numPartitions; i++) {
    yield savedRecords(form, await recordsOfPartition(node, i, evaluation), node.groups)
  }
}
