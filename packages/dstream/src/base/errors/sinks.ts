import { describe } from '../text/describe.js'
import { escapeControl } from '../text/escape.js'
import { pathText } from '../text/path-text.js'
import { DStreamError } from './base.js'
import { messageOf } from './error-text.js'

export function sinkInUse(name: string): DStreamError {
  return new DStreamError(
    'sink-in-use',
    `${escapeControl(name)} is open already: two outputs that share a sink would take each other's batches for their ` +
      'own; make a sink for each',
  )
}

export function sinkNotOpen(name: string): DStreamError {
  return new DStreamError(
    'sink-not-open',
    `${escapeControl(name)} is not open; stream.to(sink) opens it at start, and your own code calls open() first`,
  )
}

export function manifestMissing(where: string, example: string, manifest: string): DStreamError {
  return new DStreamError(
    'manifest-missing',
    `${escapeControl(where)} holds ${describe(example)}, which a file sink has written, but no ${manifest}, which lists ` +
      'the files that count. Nothing has been changed. Restore it from a copy, or give another directory',
  )
}

export function manifestDamaged(where: string, manifest: string, offset: number, what: string): DStreamError {
  return new DStreamError(
    'manifest-damaged',
    `${manifest} in ${escapeControl(where)} at byte ${offset}: ${what}. Nothing has been changed. ` +
      'Restore it from a copy, or give another directory',
  )
}

export function sinkFileDamaged(where: string, file: string, what: string): DStreamError {
  return new DStreamError(
    'sink-file-damaged',
    `${describe(file)} in ${escapeControl(where)} is not what the manifest says: ${what}; restore it from a copy`,
  )
}

export function badEncoding(value: unknown): DStreamError {
  return new DStreamError(
    'bad-encoding',
    `fileSink: encode returned ${describe(value)}; return a string, which becomes a line, or a Uint8Array, which is ` +
      'written as it is',
  )
}

export function notASavedDirectory(path: string, entry: string): DStreamError {
  return new DStreamError(
    'path-in-use',
    `${escapeControl(path)} is not replaced, because it holds ${describe(entry)}, which no save has written; ` +
      'save to another path, or remove it first',
  )
}

export function isAFile(path: string): DStreamError {
  return new DStreamError(
    'path-in-use',
    `${escapeControl(path)} is a file, and a saved RDD is a directory; save to another path, or remove it first`,
  )
}

/** @param file the name under which a worker has written the part */
export function partMissing(path: string, index: number, file: string): DStreamError {
  return new DStreamError(
    'part-missing',
    `Cannot save ${escapeControl(path)}: its part ${index} was written as ${describe(file)} and is not there. Give a place that ` +
      'all machines reach, since each of them writes its own parts',
  )
}

export function nothingToLoad(path: string): DStreamError {
  return new DStreamError(
    'nothing-to-load',
    `Input path does not exist: ${escapeControl(path)}; give a file, a directory with files in it, or a pattern that some match`,
  )
}

export function recordNotSavable(index: number, path: readonly PropertyKey[], reason: string): DStreamError {
  return new DStreamError(
    'record-not-savable',
    `saveAsObjectFile: record ${index} of its partition${pathText(path, ' at ')}: ${reason}. ` +
      "Save plain data (objects, arrays, Map, Set, Date, typed arrays, immutable's collections), or text",
  )
}

export function objectFileDamaged(file: string, offset: number): DStreamError {
  return new DStreamError(
    'object-file-damaged',
    `${escapeControl(file)} at byte ${offset}: these are no objects that saveAsObjectFile has saved; ` +
      'load text with textFile, restore the file from a copy, or save it again',
  )
}

export function ioredisMissing(where: string, cause: unknown): DStreamError {
  return new DStreamError(
    'ioredis-missing',
    `${where} needs the package ioredis, which is not installed beside dstream; run: npm install ioredis`,
    { cause },
  )
}

/** @param then what happens to the work that could not be done */
export function redisAway(what: string, where: string, attempts: number, cause: unknown, then: string): DStreamError {
  return new DStreamError(
    'redis-away',
    `Cannot ${what}: Redis at ${escapeControl(where)} is away (${attempts} attempts; the last one: ${reasonsOf(cause)}). ` +
      `Check that it runs and that its address is right. ${then}`,
    { cause },
  )
}

export function redisRefused(what: string, where: string, cause: unknown): DStreamError {
  return new DStreamError(
    'redis-refused',
    `Cannot ${what}: Redis at ${escapeControl(where)} refuses: ${reasonsOf(cause)}. Nothing of it has been done. ` +
      'Remove the reason that Redis gives',
    { cause },
  )
}

export function redisCommandFailed(time: number, index: number, cause: unknown): DStreamError {
  return new DStreamError(
    'redis-command-failed',
    `The batch of ${time} ms is written to Redis, but for its command number ${index + 1}: ${reasonOf(cause)}. Redis has ` +
      'carried out the others and does not take them back, so the batch is not written again. Mend what that command left out',
    { cause },
  )
}

export function redisOvertaken(key: string, time: number): DStreamError {
  return new DStreamError(
    'sink-overtaken',
    `Redis has a batch of ${time} ms under ${describe(key)} that this sink has not written, so its own is left out: ` +
      'another process runs the same job, or two sinks share a key. Stop the other one, or give each sink a key of its own',
  )
}

/** @param type the type of the key in Redis. @param value its value, where the type is right and the value is not */
export function redisKeyTaken(key: string, type: string, value?: string): DStreamError {
  const found = value === undefined ? `a ${type}` : describe(value)
  return new DStreamError(
    'redis-key-taken',
    `${describe(key)} in Redis holds ${found} and not the times of batches; give the sink a key of its own`,
  )
}

export function transactionEnded(): DStreamError {
  return new DStreamError(
    'transaction-ended',
    'redisSink: write has ended the transaction that it was given; add commands only, and leave exec to the sink, which ' +
      'adds the time of the batch',
  )
}

/** A MULTI that was discarded comes with the errors of its commands. */
function reasonsOf(cause: unknown): string {
  const previous = (cause as { previousErrors?: readonly unknown[] } | null)?.previousErrors ?? []
  return [...new Set([cause, ...previous].map(reasonOf))].join('; ')
}

function reasonOf(cause: unknown): string {
  return escapeControl(messageOf(cause))
}
