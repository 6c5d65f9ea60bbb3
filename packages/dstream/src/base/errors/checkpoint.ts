import { DStreamError } from './base.js'

export function outputAhead(output: string, last: number, known: number, next: number): DStreamError {
  return new DStreamError(
    'output-ahead',
    `${output} holds the batch of ${last} ms, and the checkpoint ends at the batch of ${known} ms: the checkpoint is an older ` +
      'copy, or the output belongs to another job. No batch has run. Start from the newest copy of the checkpoint, or give ' +
      `the output another place. With onOutputAhead: 'continue' the first new batch is that of ${next} ms, and records ` +
      'that the checkpoint does not know as done are written again',
  )
}

export function versionUnknown(operator: string, from: number, to: number): DStreamError {
  return new DStreamError(
    'state-version-unknown',
    `${operator}: the checkpoint holds states of version ${from} and the program keeps version ${to}. Nothing has been ` +
      'changed. Give migrate: (old, from) => … to read the older ones',
  )
}
