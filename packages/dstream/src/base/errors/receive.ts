import { describe } from '../text/describe.js'
import { DStreamError } from './base.js'

export const notAttached = (method: string): DStreamError =>
  new DStreamError(
    'receiver-not-attached',
    `A ReceiverSupervisor has not been attached to the receiver yet, so ${method}() cannot be used. Maybe you are calling it in the constructor or before the context was started: move the call to onStart().`,
  )

export const notAReceiver = (value: unknown): DStreamError =>
  new DStreamError(
    'not-a-receiver',
    `receiverStream needs a receiver, not ${describe(value)}. Extend the class Receiver and give an instance of it.`,
  )

export const receiverInUse = (name: string): DStreamError =>
  new DStreamError(
    'receiver-in-use',
    `The receiver ${name} feeds a stream already, and one receiver can feed only one. Make a second receiver for the second stream.`,
  )

export const receiverStopped = (name: string): DStreamError =>
  new DStreamError(
    'receiver-stopped',
    `Cannot add data as the receiver ${name} has not been started or has been stopped. End its work in onStop(), or when the signal that onStart() is given aborts.`,
  )

export const bufferFull = (what: 'records' | 'bytes', held: number, bound: number): DStreamError => {
  const option = what === 'records' ? 'maxBufferedRecords' : 'maxBufferedBytes'
  return new DStreamError(
    'receiver-buffer-full',
    `${held} ${what} wait for a batch, far more than the ${bound} that ${option} allows, so this one is not taken. When store() returns false wait for ready(), or raise ${option}.`,
  )
}

export const blockNotStored = (id: string, cause: unknown): DStreamError =>
  new DStreamError(
    'block-not-stored',
    `Could not store block ${id}: ${describe(cause)}. It is not part of any batch.`,
    {
      cause,
    },
  )

export const lineTooLong = (bound: number): DStreamError =>
  new DStreamError(
    'line-too-long',
    `A line is longer than the ${bound} bytes that maxLineBytes allows and is left out up to its end. Raise maxLineBytes, or check that the sender ends its lines.`,
  )

export const frameTooLong = (length: number, bound: number): DStreamError =>
  new DStreamError(
    'frame-too-long',
    `A frame claims ${length} bytes, and at most the ${bound} of maxFrameBytes are taken. Check that the sender puts the length of each frame before it as a 32 bit number, most significant byte first.`,
  )

export const frameCutOff = (missing: number): DStreamError =>
  new DStreamError(
    'frame-cut-off',
    `The connection ended ${missing} bytes before the end of a frame, which is left out.`,
  )

export const badPid = (what: string, wanted: string, value: unknown): DStreamError =>
  new DStreamError(
    'bad-backpressure',
    `requirement failed: ${what} ${describe(value)} in the backpressure options should be ${wanted}.`,
  )

export const queueNotRecoverable = (): DStreamError =>
  new DStreamError(
    'queue-not-recoverable',
    "queueStream doesn't support checkpointing. Please don't use queueStream when checkpointing is enabled. Its batches are gone with the process: use another source, or no checkpointDir.",
  )

export const fileNotRead = (path: string, time: number, cause: unknown): DStreamError =>
  new DStreamError(
    'file-not-read',
    `The file ${describe(path)} of the batch of ${time} ms could not be read: ${cause instanceof Error ? cause.message : describe(cause)}`,
    { cause },
  )

export const binaryRest = (length: number, recordLength: number): DStreamError =>
  new DStreamError(
    'binary-rest',
    `Its length, ${length} bytes, is no multiple of the record length, ${recordLength} bytes. Check recordLength, and move only whole files into the directory.`,
  )

export const fileLineTooLong = (bound: number): DStreamError =>
  new DStreamError(
    'line-too-long',
    `One of its lines is longer than ${bound} bytes. Read such files with fileStream and a reader that knows their form.`,
  )
