import { noFiles } from '../../base/errors/rdd.js'
import { aString } from '../../base/options.js'
import type { RDDFiles } from '../../base/ports.js'
import { settledRecord } from '../../base/promises.js'
import { recordForm } from '../../base/text/text-form.js'
import { recordsOfPartition } from '../execution/evaluate.js'
import type { Evaluation } from '../plan/evaluation.js'
import type { LineageNode } from '../plan/lineage.js'
import type { RDDRuntime } from '../plan/runtime.js'

/** Returns the file system of a runtime. @throws `no-files` when it has none */
export function filesOf(runtime: RDDRuntime, action: string): RDDFiles {
  if (runtime.files === undefined) throw noFiles(action)
  return runtime.files
}

async function* partitionsOf(node: LineageNode, evaluation: Evaluation): AsyncGenerator<readonly unknown[]> {
  for (let i = 0; i < node.numPartitions; i++) yield await recordsOfPartition(node, i, evaluation)
}

async function* linesOf(node: LineageNode, evaluation: Evaluation): AsyncGenerator<Iterable<string>> {
  const form = recordForm(node.groups)
  for await (const records of partitionsOf(node, evaluation)) yield lines(records, form)
}

function* lines(records: readonly unknown[], form: (record: unknown) => string): Generator<string> {
  for (const record of records) yield form(settledRecord('saveAsTextFile', record))
}

export function saveText(node: LineageNode, path: string, evaluation: Evaluation): Promise<void> {
  return filesOf(evaluation.runtime, 'saveAsTextFile').saveText(
    aString('saveAsTextFile', 'path', path),
    linesOf(node, evaluation),
  )
}

export function saveObjects(node: LineageNode, path: string, evaluation: Evaluation): Promise<void> {
  return filesOf(evaluation.runtime, 'saveAsObjectFile').saveObjects(
    aString('saveAsObjectFile', 'path', path),
    partitionsOf(node, evaluation),
  )
}
