import { describe } from '../text/describe.js'
import { escapeControl } from '../text/escape.js'
import { sentence } from '../text/sentence.js'
import { DStreamError } from './base.js'
import { thrownText } from './error-text.js'

export function notAttached(method: string): DStreamError {
  return new DStreamError(
    'receiver-not-attached',
    `A ReceiverSupervisor has not been attached to the receiver yet, so ${method}() cannot be used. Maybe you are calling it in the constructor or before the context was started: move the call to onStart()`,
  )
}

export function notAReceiver(value: unknown): DStreamError {
  return new DStreamError(
    'not-a-receiver',
    `receiverStream needs a receiver, not ${describe(value)}. Extend the class Receiver and pass an instance of it`,
  )
}

export function receiverInUse(name: string): DStreamError {
  return new DStreamError(
    'receiver-in-use',
    `The receiver ${name} already feeds a stream, and one receiver can feed only one. Make a second receiver for the second stream`,
  )
}

export function receiverStopped(name: string): DStreamError {
  return new DStreamError(
    'receiver-stopped',
    `Cannot add data as the receiver ${name} has not been started or has been stopped. End its work in onStop(), or when the signal that onStart() is given aborts`,
  )
}

export function bufferFull(what: 'records' | 'bytes', waiting: number, bound: number): DStreamError {
  const option = what === 'records' ? 'maxBufferedRecords' : 'maxBufferedBytes'
  return new DStreamError(
    'receiver-buffer-full',
    `${waiting} ${what} wait for a batch, far more than the ${bound} that ${option} allows, so no more is stored. When store() returns false, wait for ready(), or raise ${option}`,
  )
}

export function blockNotStored(id: string, cause: unknown): DStreamError {
  return new DStreamError(
    'block-not-stored',
    `Could not store block ${id}: ${reasonOf(cause)} The block is in no batch. Store its data again`,
    { cause },
  )
}

export function partNotStorable(part: 'position' | 'metadata', cause: unknown): DStreamError {
  return new DStreamError(
    'state-not-storable',
    `The ${part} of received data is stored with it, and ${reasonOf(cause)} Nothing of this call is stored`,
    { cause },
  )
}

export function blocksLost(name: string, blocks: number, records: number, cause: unknown): DStreamError {
  return new DStreamError(
    'blocks-lost',
    `Stopped with ${blocks} blocks that could not be stored and are lost, with ${records} records of ${name}: ${reasonOf(cause)} Mend the storage, and let the source send them again`,
    { cause },
  )
}

export function lineTooLong(bound: number): DStreamError {
  return new DStreamError(
    'line-too-long',
    `A line is longer than the ${bound} bytes that maxLineBytes allows and is left out up to its end. Raise maxLineBytes, or check that the sender ends its lines`,
  )
}

export function frameTooLong(length: number, bound: number): DStreamError {
  return new DStreamError(
    'frame-too-long',
    `A frame claims ${length} bytes, more than the bound of ${bound} bytes. Check that the sender puts the length of each frame before it as a 32-bit number, most significant byte first`,
  )
}

export function unusedByte(): DStreamError {
  return new DStreamError(
    'not-messagepack',
    'The bytes are no MessagePack values: they hold the byte 0xc1, which MessagePack does not use. Check that the sender writes MessagePack, and the length of each frame before it',
  )
}

export function frameCutOff(missing: number): DStreamError {
  return new DStreamError(
    'frame-cut-off',
    `The connection ended ${missing} bytes before the end of a frame, so the frame is left out. Check that the sender closes the connection only between frames`,
  )
}

export function badPid(what: string, wanted: string, value: unknown): DStreamError {
  return new DStreamError(
    'bad-backpressure',
    `Requirement failed: ${what} ${describe(value)} in the backpressure options should be ${wanted}`,
  )
}

export function queueCannotChange(): DStreamError {
  return new DStreamError(
    'bad-option',
    'queueStream: queue must be an array that can be changed, not a frozen or sealed one. Its elements are removed as they are read: pass a copy, [...queue]',
  )
}

export function queueNotRecoverable(): DStreamError {
  return new DStreamError(
    'queue-not-recoverable',
    "queueStream doesn't support checkpointing. Please don't use queueStream when checkpointing is enabled. Its batches are lost with the process: use another source, or no checkpointDir",
  )
}

export function badPosition(name: 'initial' | 'plan', position: unknown, bad: unknown): DStreamError {
  const within = Object.is(position, bad) ? '' : `, with ${describe(bad)} in it`
  const advice =
    name === 'plan' ? 'the end of the next batch, or from itself when there is no data' : 'the position to start from'
  const hint = typeof bad === 'number' ? '. Its second argument, limit, is undefined when the rate is not limited' : ''
  return new DStreamError(
    'bad-position',
    `fromSource: ${name} returned ${describe(position)}${within}, which is no position. Return ${advice}${name === 'plan' ? hint : ''}`,
  )
}

export function badSplits(splits: unknown): DStreamError {
  return new DStreamError(
    'bad-splits',
    `fromSource: splits returned ${describe(splits)}. Return an array of plain objects, each with a name of its own`,
  )
}

export function fileNotRead(path: string, time: number, cause: unknown): DStreamError {
  return new DStreamError(
    'file-not-read',
    `The file ${describe(path)} of the batch of ${time} ms could not be read: ${thrownText(cause)}`,
    { cause },
  )
}

export function fileRecordNotRead(path: string, cause: unknown): DStreamError {
  const text = `A record of the file ${describe(path)} could not be read: ${thrownText(cause)}`
  return new DStreamError('file-record-not-read', text, { cause })
}

export function fileNotDecompressed(path: string, format: string, cause: unknown): DStreamError {
  return new DStreamError(
    'file-not-decompressed',
    `The file ${describe(path)} is no whole ${format} file: ${reasonOf(cause)} Move only whole files into the directory, and give the ending of a compressed file to no other`,
    { cause },
  )
}

export function noZstandard(path: string, version: string): DStreamError {
  return new DStreamError(
    'no-zstandard',
    `The file ${describe(path)} is compressed with Zstandard, which Node ${version} cannot read. Use Node 22.15 or later, or gzip`,
  )
}

export function binaryRest(length: number, recordLength: number): DStreamError {
  return new DStreamError(
    'binary-rest',
    `Its length, ${length} bytes, is not a multiple of the record length, ${recordLength} bytes. Check recordLength, and move only whole files into the directory`,
  )
}

export function fileLineTooLong(bound: number): DStreamError {
  return new DStreamError(
    'line-too-long',
    `One of its lines is longer than ${bound} bytes. Read such files with fileStream and a reader of your own`,
  )
}

export function jsonNotAnObject(value: unknown): DStreamError {
  return new DStreamError(
    'json-not-an-object',
    `A line of JSON must be an object, not ${describe(value)}. Read other lines as text and use map(JSON.parse)`,
  )
}

export function tailGap(path: string, what: string): DStreamError {
  return new DStreamError(
    'tail-gap',
    `${escapeControl(path)}: ${what} is gone. Put the file back under its path, or under a name beside it that begins the same, ` +
      "or go on without the data: onGap: 'skip'",
  )
}

/** Returns the text of a cause as a sentence, which another one can follow. */
function reasonOf(cause: unknown): string {
  return sentence(thrownText(cause))
}
