import { describe } from '../text/describe.js'
import { escapeControl } from '../text/escape.js'
import { pathText } from '../text/path-text.js'
import { sentence } from '../text/sentence.js'
import { DStreamError } from './base.js'
import { messageOf } from './error-text.js'

/** Raised for a file of a checkpoint that does not hold the bytes that were written, at `offset` of `file`. */
export class DamagedError extends DStreamError {
  readonly file: string
  readonly offset: number

  constructor(file: string, offset: number, what: string) {
    super(
      'checkpoint-damaged',
      `The checkpoint is damaged: ${file} at byte ${offset}: ${what}. Nothing has been changed. ` +
        "Restore the directory from a copy, or start afresh with another directory or onExistingCheckpoint: 'discard'",
    )
    this.file = file
    this.offset = offset
  }
}

export function newerFormat(file: string, format: number, known: number): DStreamError {
  return new DStreamError(
    'checkpoint-newer-format',
    `${file} is written in format ${format}, and this version of dstream reads up to ${known}. Nothing has been changed. ` +
      'Run the version that wrote it, or a newer one',
  )
}

export function stateNotStorable(
  operator: string,
  key: unknown,
  path: readonly PropertyKey[],
  reason: string,
): DStreamError {
  return new DStreamError(
    'state-not-storable',
    `${operator}: the value of key ${describe(key)}${pathText(path, ' at ')}: ${reason}. ` +
      "Keep plain data in the state (objects, arrays, Map, Set, Date, typed arrays, immutable's collections), " +
      'or run without a checkpoint directory',
  )
}

export function recordNotStorable(
  operator: string,
  what: string,
  path: readonly PropertyKey[],
  reason: string,
): DStreamError {
  return new DStreamError(
    'state-not-storable',
    `${operator}: ${what}${pathText(path, ' at ')}: ${reason}. ` +
      'It has to survive the process: use plain data, or run without a checkpoint directory',
  )
}

/** The reason why one record or value of an operator cannot be stored. The error that carries it names operator and record. */
export function notStorable(path: readonly PropertyKey[], reason: string): DStreamError {
  return new DStreamError(
    'state-not-storable',
    `it cannot be stored${pathText(path, ', at ')}: ${reason}. ` +
      "It has to survive the process: use plain data (objects, arrays, Map, Set, Date, typed arrays, immutable's " +
      'collections), or run without a checkpoint directory',
  )
}

/** The process that holds a checkpoint directory. */
export interface LockOwner {
  readonly pid: number
  readonly host: string
  /** The time of locking, in ISO form. */
  readonly since: string
}

/** @param owner `undefined` when the lock is touched and its text cannot be read */
export function storageLocked(where: string, owner: LockOwner | undefined, self: boolean): DStreamError {
  const who = self ? 'another context of this process' : ownerText(owner)
  const since = owner === undefined ? '' : `, since ${escapeControl(owner.since)}`
  return new DStreamError(
    'storage-locked',
    `${where} is in use by ${who}${since}; two programs must not write one checkpoint. ` +
      "Stop the other one, or use another directory. With onLocked: 'wait' a context waits until the other one ends",
  )
}

function ownerText(owner: LockOwner | undefined): string {
  if (owner === undefined) return 'a process whose lock file cannot be read'
  return `process ${owner.pid} on host ${escapeControl(owner.host)}`
}

/** Returns the line for the log while the lock of an owner that may be dead is watched. */
export function watchedLock(where: string, owner: LockOwner | undefined, forMs: number): string {
  return (
    `${where} is locked by ${ownerText(owner)}, which may be dead: ` +
    `the lock is watched for ${forMs / 1000} s, then it is taken over`
  )
}

export function lockLost(where: string, gone: boolean): DStreamError {
  const reason = gone
    ? 'the lock file of this process is gone, because the directory was deleted or replaced under the running job'
    : 'another process has taken this directory over, because this one did not touch its lock for too long'
  return new DStreamError('lock-lost', `${where}: ${reason}. Nothing more is written. Start the job again`)
}

/** Returns the error for a failed call of the file system. */
export function storageFailed(action: string, file: string, cause: unknown): DStreamError {
  if (cause instanceof DStreamError) return cause
  const code: unknown = (cause as { code?: unknown } | null)?.code
  const name = escapeControl(file)
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new DStreamError('disk-full', `Cannot ${action} ${name}: the disk is full (${code}); free some space`, {
      cause,
    })
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new DStreamError(
      'storage-unwritable',
      `Cannot ${action} ${name}: not allowed (${code}); give this user the right to write there, or use another directory`,
      { cause },
    )
  }
  const reason = messageOf(cause)
  return new DStreamError('storage-failed', `Cannot ${action} ${name}: ${escapeControl(reason)}`, { cause })
}

/** After a failed sync the contents of the file are unknown, since Linux reports such a loss only once. */
export function fileNotTrusted(file: string): DStreamError {
  return new DStreamError(
    'file-not-trusted',
    `${file} is no longer written: an earlier sync of it has failed, so its contents are unknown. Start the job again`,
  )
}

/** @param found the present size of the file in bytes; `undefined` when there is none */
export function fileChanged(file: string, written: number, found: number | undefined): DStreamError {
  const now = found === undefined ? 'it is gone' : `it has ${found} bytes, not the ${written} that were written`
  return new DStreamError(
    'file-changed',
    `${file} was deleted, replaced or cut by another program while this one wrote it: ${now}. A restart would not find what it ` +
      "held. Restore the directory from a copy, or start afresh with another directory or onExistingCheckpoint: 'discard'",
  )
}

export function badFileName(name: string): DStreamError {
  return new DStreamError(
    'bad-file-name',
    `${describe(name)} cannot be the name of a file in a storage; use letters, digits, "-", "_" and ".", with "/" between folders`,
  )
}

export function storageNotADirectory(dir: string): DStreamError {
  return new DStreamError('storage-unwritable', `${escapeControl(dir)} is not a directory; give another checkpointDir`)
}

export function checkpointExists(): DStreamError {
  return new DStreamError(
    'checkpoint-exists',
    "There is a checkpoint already, and onExistingCheckpoint is 'refuse'; resume it ('resume'), delete it ('discard'), " +
      'or use another directory',
  )
}

export function checkpointMismatch(text: string): DStreamError {
  return new DStreamError('checkpoint-mismatch', text)
}

export function codecUnknown(streamId: number, operator: string, codec: string): DStreamError {
  return new DStreamError(
    'codec-unknown',
    `Stream ${streamId} (${operator}) has received data in the journal that is encoded as ${describe(codec)}, ` +
      'and the receiver of this program does not know that codec; let the receiver list it in `codecs`',
  )
}

export function duplicateBlock(streamId: number, id: string): DStreamError {
  return new DStreamError(
    'duplicate-block',
    `Stream ${streamId} has a block ${describe(id)} already; give each block its own id`,
  )
}

export function blockMissing(time: number, streamId: number, id: string): DStreamError {
  return new DStreamError(
    'block-missing',
    `the batch of ${time} ms was given block ${describe(id)} of stream ${streamId}, and the journal does not hold it`,
  )
}

export function migrationFailed(
  operator: string,
  key: unknown,
  from: number,
  to: number,
  cause: unknown,
): DStreamError {
  return new DStreamError(
    'migration-failed',
    `${operator}: migrate threw on key ${describe(key)}, from version ${from} to ${to}: ` +
      `${sentence(messageOf(cause))} Nothing has been changed. Mend migrate and start again`,
    { cause },
  )
}
