import { DStreamError } from './base.js'

export function deliveryTimedOut(output: string, time: number, timeoutMs: number): DStreamError {
  return new DStreamError(
    'output-timed-out',
    `"${output}" has worked on the batch of ${time} ms for ${timeoutMs} ms, its timeout; its signal is aborted. ` +
      'Heed the signal, or give the output a longer timeout',
  )
}

export function deliveryNeverSettled(output: string, time: number, timeoutMs: number, cause: unknown): DStreamError {
  return new DStreamError(
    'output-never-settled',
    `"${output}" runs on with the batch of ${time} ms, ${timeoutMs} ms after its signal was aborted; another attempt ` +
      'beside it could write the batch twice, so it has failed for good. Let its promise settle when the signal is aborted',
    { cause },
  )
}

export function outputTooFarBehind(output: string, bytes: number, maxBytes: number): DStreamError {
  return new DStreamError(
    'output-too-far-behind',
    `The batches that wait for "${output}" hold ${bytes} bytes, more than twice its maxBehind of ${maxBytes}, although ` +
      'the sources are held back. Mend the store that it writes to, give it a larger maxBehind, or let it go on without ' +
      "them: onFailure: 'skip'",
  )
}

export function outputInputMissing(output: string, time: number): DStreamError {
  return new DStreamError(
    'output-input-missing',
    `The batch of ${time} ms waits for "${output}", and the checkpoint does not hold its records under the operators of ` +
      'this program. Start the program that the checkpoint was written by, or give the batch up: ' +
      `dstream checkpoint skip <directory> "${output}" ${time}`,
  )
}

export function batchNotPending(
  output: string,
  time: number,
  pending: readonly { readonly output: string; readonly from: number; readonly until: number }[],
): DStreamError {
  const list = pending.map((range) => `"${range.output}" (${range.from} to ${range.until} ms)`).join(', ')
  return new DStreamError(
    'batch-not-pending',
    `No batch of ${time} ms waits for "${output}". ${list === '' ? 'No batch waits for any output' : `Give a batch that waits: ${list}`}`,
  )
}

export function pendingOutputsGone(
  outputs: readonly { readonly output: string; readonly batches: number }[],
): DStreamError {
  const list = outputs.map(({ output, batches }) => `"${output}" (${batches})`).join(', ')
  return new DStreamError(
    'outputs-dropped',
    `Batches wait for outputs that the program no longer has: ${list}. Define the outputs again, with the same ` +
      'uid when their places have shifted, or give the batches up: ' +
      `allowDroppedOutputs: [${outputs.map(({ output }) => `'${output}'`).join(', ')}]`,
  )
}

export function outputsLost(
  pending: readonly { readonly output: { readonly id: string }; readonly time: number }[],
): DStreamError {
  const list = pending.map(({ output, time }) => `"${output.id}" from ${time} ms on`).join(', ')
  return new DStreamError(
    'outputs-lost',
    `The context has stopped while batches waited for outputs, and without a checkpoint they are lost: ${list}. ` +
      'Give a checkpointDir to keep them, or stop() a longer timeout',
  )
}

export function contextClosed(): DStreamError {
  return new DStreamError(
    'context-stopped',
    'The context has stopped and commits nothing more. Make a new StreamingContext',
  )
}

export function deadLettersNotAttached(): DStreamError {
  return new DStreamError(
    'dead-letters-not-attached',
    'A record is to be sent to dead letters that no stream of this context knows, and a running job takes no new output. ' +
      'Name the same deadLetter(sink) as onRecordError of the context, or as onError of mapAsync of a stream',
  )
}
