import { describe } from '../text/describe.js'
import { DStreamError } from './base.js'

export function idTaken(id: string, first: string, second: string): DStreamError {
  return new DStreamError(
    'uid-taken',
    `Two operators cannot both be called "${id}": the one at ${first} has that id already, the one at ${second} needs another. Give one of them a uid of its own: .uid('…')`,
  )
}

export function noOutputs(): DStreamError {
  return new DStreamError(
    'no-outputs',
    'No output operations registered, so nothing to execute. End at least one stream with print(), foreachRDD(…), to(…), saveAsTextFiles(…) or batches() before start()',
  )
}

export function addingTooLate(state: 'ACTIVE' | 'STOPPED', what: string): DStreamError {
  return new DStreamError(
    'adding-too-late',
    `Cannot add "${what}": Adding new inputs, transformations, and output operations after ${state === 'ACTIVE' ? 'starting' : 'stopping'} a context is not supported. ` +
      (state === 'ACTIVE'
        ? 'Define the whole graph before start()'
        : 'Make a new StreamingContext and define the graph there'),
  )
}

export function changingTooLate(what: string): DStreamError {
  return new DStreamError(
    'changing-too-late',
    `Cannot change ${what} of a DStream after streaming context has started. Call it before start()`,
  )
}

export function notAMultiple(
  what: 'window' | 'slide',
  givenMs: number,
  operator: string,
  slideMs: number,
): DStreamError {
  const slides = Math.floor(givenMs / slideMs)
  const near = slides === 0 ? `${slideMs} ms` : `${slides * slideMs} ms or ${(slides + 1) * slideMs} ms`
  return new DStreamError(
    'not-a-multiple',
    `The ${what} duration of windowed DStream (${givenMs} ms) must be a multiple of the slide duration of parent DStream (${slideMs} ms). Give ${operator} ${near}`,
  )
}

export function differentSlides(operator: string, slides: readonly number[]): DStreamError {
  return new DStreamError(
    'different-slides',
    `Cannot combine the streams of ${operator}: Some of the DStreams have different slide durations (${slides.join(' ms, ')} ms). Bring them to one slide with window(…) first`,
  )
}

export function differentContexts(operator: string): DStreamError {
  return new DStreamError(
    'different-contexts',
    `Cannot combine the streams of ${operator}: Some of the DStreams have different contexts. Make all of them from one StreamingContext`,
  )
}

export function noStreams(operator: string): DStreamError {
  return new DStreamError('no-streams', `${capitalised(operator)} called on no streams. Give ${operator} at least one`)
}

export function checkpointTooOften(operator: string, intervalMs: number, slideMs: number): DStreamError {
  return new DStreamError(
    'checkpoint-interval',
    `Requirement failed: The checkpoint interval for ${operator} has been set to ${intervalMs} ms which is lower than its slide time (${slideMs} ms). Please set it to at least ${slideMs} ms`,
  )
}

export function checkpointNotMultiple(operator: string, intervalMs: number, slideMs: number): DStreamError {
  return new DStreamError(
    'checkpoint-interval',
    `Requirement failed: The checkpoint interval for ${operator} has been set to ${intervalMs} ms which not a multiple of its slide time (${slideMs} ms). Please set it to a multiple of ${slideMs} ms`,
  )
}

export function noCheckpointDir(operator: string): DStreamError {
  return new DStreamError(
    'no-checkpoint-dir',
    `Requirement failed: The checkpoint directory has not been set. Please set it by StreamingContext.checkpoint(). The option checkpointDir is the same; without one, ${operator} cannot have the checkpoint interval that it asks for`,
  )
}

export function noParentRDD(operator: string, parent: string, time: number): DStreamError {
  return new DStreamError(
    'no-parent-rdd',
    `${noRDD(operator)} at time ${time} ms: "${parent}", a parent of ${operator}, has none, because the source gave none for this batch. Let the source give an empty RDD instead`,
  )
}

/** Uses Spark's wording, which differs for a union. */
function noRDD(operator: string): string {
  return operator === 'union'
    ? 'Could not generate RDD from a parent for unifying'
    : "Couldn't generate RDD from parent"
}

export function nullTransform(operator: string, got: string): DStreamError {
  return new DStreamError(
    'transform-returned-nothing',
    `Transform function must not return null. Return an empty RDD instead (rdd.context.emptyRDD()); the function of ${operator} returned ${got}`,
  )
}

export function noRDDReturned(operator: string, got: unknown): DStreamError {
  return new DStreamError(
    'transform-returned-no-rdd',
    `Transform function must return an RDD; the function of ${operator} returned ${named(got)}. Return what a method of an RDD gives, or make one of records: rdd.context.parallelize([…])`,
  )
}

export function notInitialized(operator: string): DStreamError {
  return new DStreamError(
    'not-initialized',
    `${operator} has not been initialized: slice() reads batches that have run, so call it after start()`,
  )
}

export function sliceForgotten(operator: string, time: number, rememberMs: number): DStreamError {
  return new DStreamError(
    'slice-forgotten',
    `The RDD of ${operator} at time ${time} ms has been forgotten: it is kept for ${rememberMs} ms. Keep more with ssc.remember(…) before start()`,
  )
}

export function notAStream(operator: string, got: unknown): DStreamError {
  return new DStreamError(
    'not-a-stream',
    `${capitalised(operator)} takes another DStream of the same context, not ${named(got)}`,
  )
}

export function notStreams(operator: string, got: unknown): DStreamError {
  return new DStreamError(
    'not-a-stream',
    `${capitalised(operator)} takes an array of DStreams, [a, b], not ${Array.isArray(got) ? `[${got.map(named).join(', ')}]` : named(got)}`,
  )
}

/** Describes a value. Names a stream or an RDD instead of printing its fields. */
function named(value: unknown): string {
  if (isBranded('dstream.DStream', value)) return 'a DStream'
  return isBranded('dstream.rdd', value) ? 'an RDD' : describe(value)
}

function capitalised(operator: string): string {
  return operator.charAt(0).toUpperCase() + operator.slice(1)
}

function isBranded(brand: string, value: unknown): boolean {
  return typeof value === 'object' && value !== null && Symbol.for(brand) in value
}
