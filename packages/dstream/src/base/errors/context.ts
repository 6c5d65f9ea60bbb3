import { describe } from '../text/describe.js'
import { sentence } from '../text/sentence.js'
import { DStreamError } from './base.js'
import { messageOf } from './error-text.js'

export function noBatchInterval(): DStreamError {
  return new DStreamError(
    'no-batch-interval',
    'Batch duration for StreamingContext cannot be null: give it as { batchInterval: Seconds(1) }',
  )
}

export function alreadyActive(name: string, place: string): DStreamError {
  return new DStreamError(
    'already-active',
    `Only one StreamingContext may be started in this process under the name "${name}", and one is active (started at ${place}). Stop that context first, or give this one another appName`,
  )
}

export function alreadyStopped(): DStreamError {
  return new DStreamError(
    'already-stopped',
    'StreamingContext has already been stopped and cannot be started again. Make a new StreamingContext',
  )
}

export function stoppedBeforeStart(name: string): DStreamError {
  return new DStreamError(
    'stopped-before-start',
    `${name} was stopped while it waited for the lock of its checkpoint, so it has not started`,
  )
}

export function rememberTwice(givenMs: number): DStreamError {
  return new DStreamError(
    'remember-twice',
    `Remember duration already set as ${givenMs} ms. Cannot set it again: call remember() once`,
  )
}

export function stopTimedOut(timeoutMs: number, records: number, hung: readonly string[] = []): DStreamError {
  const what = [
    hung.length === 0 ? '' : `its signal is aborted for ${hung.join(', ')}, which had not settled`,
    records === 0 ? '' : `${records} received records were left unprocessed`,
  ].filter((part) => part !== '')
  return new DStreamError(
    'stop-timed-out',
    `The context did not stop within ${timeoutMs} ms and was stopped all the same: ${what.join('; ')}. Give stop() a longer timeout, or heed the signal`,
  )
}

/** The reason of the signals that are aborted when a stop no longer waits for their outputs. */
export function stopAborts(): DStreamError {
  return new DStreamError('context-stopped', 'The context has stopped waiting for this output')
}

export function tooFarBehind(operator: string, waiting: number): DStreamError {
  return new DStreamError(
    'too-many-waiting-batches',
    `"${operator}" lags ${waiting} batches behind, more than are kept, so the context is stopped. Mend the function that throws, or leave such records out: onRecordError: 'skip'`,
  )
}

export function advanceTheClock(): DStreamError {
  return new DStreamError(
    'advance-the-clock',
    'This context runs on virtual time, which does not pass while you wait. Advance the clock with run() or advance(…)',
  )
}

export function waitsForItself(): DStreamError {
  return new DStreamError(
    'waits-for-itself',
    'awaitTermination was called within an output or a loop over batches, whose batch would then wait for itself. Call it beside start, or call stop there',
  )
}

export function noCheckpointToRead(directory: string, cause: unknown): DStreamError {
  const reason = messageOf(cause)
  return new DStreamError(
    'checkpoint-unreadable',
    `Failed to read checkpoint from directory ${directory}: ${sentence(reason)} To begin afresh when that happens, pass { createOnError: true }`,
    { cause },
  )
}

export function noContextCreated(where: string, got: unknown): DStreamError {
  return new DStreamError(
    'no-context-created',
    `${where}: create must return the StreamingContext that it has made; it returned ${describe(got)}. End it with return ssc`,
  )
}

export function contextOfAnotherCopy(where: string): DStreamError {
  return new DStreamError(
    'other-copy',
    `${where}: create returned a StreamingContext of another copy of dstream. A program can hold two copies, its ESM and its CommonJS build or two versions: take StreamingContext from one of them (npm ls dstream shows them)`,
  )
}

export function notAJob(got: unknown): DStreamError {
  return new DStreamError(
    'not-a-module',
    `StreamingContext.run takes import.meta (or module, in CommonJS) first, so that it can tell whether the file is run or imported; it got ${describe(got)}. In a CommonJS bundle import.meta is empty: pass module there`,
  )
}

export function jobNotLoaded(file: string, cause: unknown): DStreamError {
  return new DStreamError('job-not-loaded', `${file} cannot be loaded: ${messageOf(cause)}`, { cause })
}

export function typeScriptNotLoadable(node: string): DStreamError {
  return new DStreamError(
    'typescript-not-loadable',
    `it is TypeScript, which Node ${node} does not run, and the project has no tsx. Install it (npm install --save-dev tsx), use Node 22.18 or later, or give the built JavaScript`,
  )
}

export function noJobDefined(file: string, defined: readonly string[]): DStreamError {
  return new DStreamError(
    'no-job-defined',
    `${file} defines no job${defined.length > 0 ? ` of its own, and what it imports defines ${defined.length}` : ''}. ` +
      'A job is a module that calls StreamingContext.run(import.meta, options, define), or run(module, …) in CommonJS',
  )
}

/** @param uri the checkpoint directory */
export function noFileSystem(uri: string): DStreamError {
  return new DStreamError(
    'no-file-system',
    `checkpointDir is ${describe(uri)}, and the file systems of URIs are Spark's, for which this process was not started. Start the job by npx dstream-spark run (npm install dstream-spark), or give a directory`,
  )
}

/** @param uri where an RDD is to be saved */
export function noFileSystemToSave(uri: string): DStreamError {
  return new DStreamError(
    'no-file-system',
    `Cannot save to ${describe(uri)}, since the file systems of URIs are Spark's, for which this process was not started. Start the job by npx dstream-spark run (npm install dstream-spark), or give a path of this machine`,
  )
}

/** @param directory the checkpoint directory */
export function directoryElsewhere(directory: string): DStreamError {
  return new DStreamError(
    'directory-elsewhere',
    `checkpointDir is ${describe(directory)}, a directory of one machine, and Spark may start this driver again on another one (--deploy-mode cluster). Give a URI that all machines reach, such as hdfs://name:8020/jobs/words, or submit the job with --deploy-mode client`,
  )
}

export function noCluster(master: string): DStreamError {
  return new DStreamError(
    'no-cluster',
    `The option master is ${describe(master)}, and this process was not started for a cluster. Start the job by npx dstream-spark run (npm install dstream-spark), or leave master out`,
  )
}
