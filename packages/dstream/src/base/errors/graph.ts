import { describe } from '../text/describe.js'
import { DStreamError } from './base.js'

export const idTaken = (id: string, first: string, second: string): DStreamError =>
  new DStreamError(
    'uid-taken',
    `Two operators cannot both be called "${id}": the one at ${first} has that id already, the one at ${second} needs another. Give one of them a uid of its own: .uid('…').`,
  )

export const noOutputs = (): DStreamError =>
  new DStreamError(
    'no-outputs',
    'No output operations registered, so nothing to execute. End at least one stream with print(), foreachRDD(…), to(…), saveAsTextFiles(…) or batches() before start().',
  )

export const addingTooLate = (state: 'ACTIVE' | 'STOPPED', what: string): DStreamError =>
  new DStreamError(
    'adding-too-late',
    `Cannot add "${what}": Adding new inputs, transformations, and output operations after ${state === 'ACTIVE' ? 'starting' : 'stopping'} a context is not supported. ` +
      (state === 'ACTIVE'
        ? 'Define the whole graph before start().'
        : 'Make a new StreamingContext and define the graph there.'),
  )

export const changingTooLate = (what: string): DStreamError =>
  new DStreamError(
    'changing-too-late',
    `Cannot change ${what} of a DStream after streaming context has started. Call it before start().`,
  )

export const notAMultiple = (
  what: 'window' | 'slide',
  givenMs: number,
  operator: string,
  slideMs: number,
): DStreamError => {
  const slides = Math.floor(givenMs / slideMs)
  const near = slides === 0 ? `${slideMs} ms` : `${slides * slideMs} ms or ${(slides + 1) * slideMs} ms`
  return new DStreamError(
    'not-a-multiple',
    `The ${what} duration of windowed DStream (${givenMs} ms) must be a multiple of the slide duration of parent DStream (${slideMs} ms). Give ${operator} ${near}.`,
  )
}

export const differentSlides = (operator: string, slides: readonly number[]): DStreamError =>
  new DStreamError(
    'different-slides',
    `Cannot combine the streams of ${operator}: Some of the DStreams have different slide durations (${slides.join(' ms, ')} ms). Bring them to one slide with window(…) first.`,
  )

export const differentContexts = (operator: string): DStreamError =>
  new DStreamError(
    'different-contexts',
    `Cannot combine the streams of ${operator}: Some of the DStreams have different contexts. Make all of them from one StreamingContext.`,
  )

export const noStreams = (operator: string): DStreamError =>
  new DStreamError(
    'no-streams',
    `${operator.charAt(0).toUpperCase()}${operator.slice(1)} called on no streams. Give ${operator} at least one.`,
  )

export const checkpointTooOften = (operator: string, intervalMs: number, slideMs: number): DStreamError =>
  new DStreamError(
    'checkpoint-interval',
    `requirement failed: The checkpoint interval for ${operator} has been set to ${intervalMs} ms which is lower than its slide time (${slideMs} ms). Please set it to at least ${slideMs} ms.`,
  )

export const checkpointNotMultiple = (operator: string, intervalMs: number, slideMs: number): DStreamError =>
  new DStreamError(
    'checkpoint-interval',
    `requirement failed: The checkpoint interval for ${operator} has been set to ${intervalMs} ms which not a multiple of its slide time (${slideMs} ms). Please set it to a multiple of ${slideMs} ms.`,
  )

export const noCheckpointDir = (operator: string): DStreamError =>
  new DStreamError(
    'no-checkpoint-dir',
    `requirement failed: The checkpoint directory has not been set. Please set it by StreamingContext.checkpoint(). The option checkpointDir is the same; without one, ${operator} cannot have the checkpoint interval that it asks for.`,
  )

export const noParentRDD = (operator: string, parent: string, time: number): DStreamError =>
  new DStreamError(
    'no-parent-rdd',
    `${noRDD(operator)} at time ${time} ms: "${parent}", a parent of ${operator}, has none, because the source gave none for this batch. Let the source give an empty RDD instead.`,
  )

/** Spark has words of its own for a union. */
const noRDD = (operator: string): string =>
  operator === 'union' ? 'Could not generate RDD from a parent for unifying' : "Couldn't generate RDD from parent"

export const nullTransform = (operator: string, got: string): DStreamError =>
  new DStreamError(
    'transform-returned-nothing',
    `Transform function must not return null. Return an empty RDD instead (rdd.context.emptyRDD()); the function of ${operator} returned ${got}.`,
  )

export const noRDDReturned = (operator: string, got: unknown): DStreamError =>
  new DStreamError(
    'transform-returned-no-rdd',
    `Transform function must return an RDD; the function of ${operator} returned ${named(got)}. Return what a method of an RDD gives, or make one of records: rdd.context.parallelize([…]).`,
  )

export const notInitialized = (operator: string): DStreamError =>
  new DStreamError(
    'not-initialized',
    `${operator} has not been initialized: slice() reads batches that have run, so call it after start().`,
  )

export const sliceForgotten = (operator: string, time: number, rememberMs: number): DStreamError =>
  new DStreamError(
    'slice-forgotten',
    `The RDD of ${operator} at time ${time} ms has been forgotten: it is kept for ${rememberMs} ms. Keep more with ssc.remember(…) before start().`,
  )

export const notAStream = (operator: string, got: unknown): DStreamError =>
  new DStreamError('not-a-stream', `${operator} takes another DStream of the same context; it got ${named(got)}.`)

export const notStreams = (operator: string, got: unknown): DStreamError =>
  new DStreamError(
    'not-a-stream',
    `${operator} takes an array of DStreams, [a, b]; it got ${Array.isArray(got) ? `[${got.map(named).join(', ')}]` : named(got)}.`,
  )

/** What streams and RDDs hold says nothing to whoever has taken one for another. */
const named = (value: unknown): string => {
  if (isBranded('dstream.DStream', value)) return 'a DStream'
  return isBranded('dstream.rdd', value) ? 'an RDD' : describe(value)
}

const isBranded = (brand: string, value: unknown): boolean =>
  typeof value === 'object' && value !== null && Symbol.for(brand) in value
