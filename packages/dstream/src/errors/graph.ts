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
    `Cannot add "${what}": adding new inputs, transformations, and output operations after ${state === 'ACTIVE' ? 'starting' : 'stopping'} a context is not supported. ` +
      (state === 'ACTIVE'
        ? 'Define the whole graph before start().'
        : 'Make a new StreamingContext and define the graph there.'),
  )

export const changingTooLate = (what: string): DStreamError =>
  new DStreamError(
    'changing-too-late',
    `Cannot change ${what} of a DStream after streaming context has started. Call it before start().`,
  )

export const notAMultiple = (what: string, givenMs: number, operator: string, slideMs: number): DStreamError =>
  new DStreamError(
    'not-a-multiple',
    `The ${what} of ${operator} (${givenMs} ms) must be a multiple of the slide duration of parent DStream (${slideMs} ms). Use ${Math.max(1, Math.floor(givenMs / slideMs)) * slideMs} ms or ${(Math.floor(givenMs / slideMs) + 1) * slideMs} ms.`,
  )

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
  new DStreamError('no-streams', `${operator} was called on no streams. Give it at least one.`)

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
    `requirement failed: ${operator} asks for a checkpoint interval, but the checkpoint directory has not been set. Please set it by StreamingContext.checkpoint() or the option checkpointDir.`,
  )

export const noParentRDD = (operator: string, parent: string, time: number): DStreamError =>
  new DStreamError(
    'no-parent-rdd',
    `Couldn't generate RDD from parent "${parent}" of ${operator} at time ${time} ms: the source gave none for this batch. Let the source give an empty RDD instead.`,
  )

export const nullTransform = (operator: string, got: string): DStreamError =>
  new DStreamError(
    'transform-returned-nothing',
    `Transform function of ${operator} must not return null. Return an empty RDD instead (rdd.context.emptyRDD()); it returned ${got}.`,
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
  new DStreamError('not-a-stream', `${operator} takes another DStream of the same context; it got ${describe(got)}.`)
