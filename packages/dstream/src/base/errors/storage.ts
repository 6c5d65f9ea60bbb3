import { describe } from '../text/describe.js'
import { escapeControl } from '../text/escape.js'
import { DStreamError } from './base.js'
import { messageOf } from './error-text.js'

/** A file of a checkpoint that does not hold what was written. `file` and `offset` say where. */
export class DamagedError extends DStreamError {
  readonly file: string
  readonly offset: number

  constructor(file: string, offset: number, what: string) {
    super(
      'checkpoint-damaged',
      `the checkpoint is damaged: ${file} at byte ${offset}: ${what}. Nothing has been changed. ` +
        "Restore the directory from a copy, or start afresh with another directory or onExistingCheckpoint: 'discard'",
    )
    this.file = file
    this.offset = offset
  }
}

export function newerFormat(file: string, format: number, known: number): DStreamError {
  return new DStreamError(
    'checkpoint-newer-format',
    `${file} is written in format ${format}, this version of dstream reads up to ${known}; ` +
      'run the version that wrote it or a newer one. Nothing has been changed',
  )
}

export function stateNotStorable(
  operator: string,
  key: unknown,
  path: readonly PropertyKey[],
  reason: string,
): DStreamError {
  const place = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('')
  return new DStreamError(
    'state-not-storable',
    `${operator}: the value of key ${describe(key)}${place === '' ? '' : ` at ${escapeControl(place)}`}: ${reason}. ` +
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
  const place = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('')
  return new DStreamError(
    'state-not-storable',
    `${operator}: ${what}${place === '' ? '' : ` at ${escapeControl(place)}`}: ${reason}. ` +
      'It has to survive the process: use plain data, or run without a checkpoint directory',
  )
}

/** The reason why one record or value of an operator cannot be stored. The error that carries it names operator and record. */
export function notStorable(path: readonly PropertyKey[], reason: string): DStreamError {
  const place = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('')
  return new DStreamError(
    'state-not-storable',
    `it cannot be stored${place === '' ? '' : `, at ${escapeControl(place)}`}: ${reason}. ` +
      "It has to survive the process: use plain data (objects, arrays, Map, Set, Date, typed arrays, immutable's " +
      'collections), or run without a checkpoint directory',
  )
}

/** Who holds a checkpoint directory. */
export interface LockOwner {
  readonly pid: number
  readonly host: string
  /** ISO time. */
  readonly since: string
}

/** @param owner `undefined` when the lock shows signs of life and its text cannot be read */
export function storageLocked(where: string, owner: LockOwner | undefined, self: boolean): DStreamError {
  const who = self ? 'another context of this very process' : ownerText(owner)
  const since = owner === undefined ? '' : `, since ${escapeControl(owner.since)}`
  return new DStreamError(
    'storage-locked',
    `${where} is in use by ${who}${since}; two programs must not write one checkpoint: ` +
      "stop the other one, or use another directory. With onLocked: 'wait' a context waits for the other one's end",
  )
}

function ownerText(owner: LockOwner | undefined): string {
  if (owner === undefined) return 'a process whose lock file cannot be read'
  return `process ${owner.pid} on host ${escapeControl(owner.host)}`
}

/** The line for the log while the lock of an owner that may be dead is watched. */
export function watchedLock(where: string, owner: LockOwner | undefined, forMs: number): string {
  return (
    `${where} is locked by ${ownerText(owner)}, which may be dead: ` +
    `the lock is watched for ${forMs / 1000} s, then it is taken over`
  )
}

export function lockLost(where: string, gone: boolean): DStreamError {
  const reason = gone
    ? 'the lock file of this process is gone: the directory was deleted or replaced under the running job'
    : 'another process has taken this directory over, because this one showed no sign of life for too long'
  return new DStreamError('lock-lost', `${where}: ${reason}; nothing more is written. Start it again`)
}

/** A call of the file system has failed. */
export function storageFailed(action: string, file: string, cause: unknown): DStreamError {
  if (cause instanceof DStreamError) return cause
  const code: unknown = (cause as { code?: unknown } | null)?.code
  const name = escapeControl(file)
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new DStreamError('disk-full', `cannot ${action} ${name}: the disk is full (${code}); free some space`, {
      cause,
    })
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new DStreamError(
      'storage-unwritable',
      `cannot ${action} ${name}: not allowed (${code}); give this user the right to write there, or use another directory`,
      { cause },
    )
  }
  const reason = messageOf(cause)
  return new DStreamError('storage-failed', `cannot ${action} ${name}: ${escapeControl(reason)}`, { cause })
}

/** After a failed sync nobody knows what the file holds: Linux reports such a loss once and then forgets it. */
export function fileNotTrusted(file: string): DStreamError {
  return new DStreamError(
    'file-not-trusted',
    `${file} is not written any more: an earlier sync of it has failed and what it holds is unknown`,
  )
}

/** @param found bytes of the file of that name now; `undefined` when there is none */
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
    "there is a checkpoint already and onExistingCheckpoint is 'refuse'; resume it ('resume'), delete it ('discard'), " +
      'or use another directory',
  )
}

export function checkpointMismatch(text: string): DStreamError {
  return new DStreamError('checkpoint-mismatch', text)
}

export function codecUnknown(streamId: number, operator: string, codec: string): DStreamError {
  return new DStreamError(
    'codec-unknown',
    `stream ${streamId} (${operator}) has received data in the journal that is encoded as ${describe(codec)}, ` +
      'and the receiver of this program does not know that codec; let the receiver list it in `codecs`',
  )
}

export function duplicateBlock(streamId: number, id: string): DStreamError {
  return new DStreamError(
    'duplicate-block',
    `stream ${streamId}: there is a block ${describe(id)} already; give each block its own id`,
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
      `${messageOf(cause)}. Nothing has been changed; mend migrate and start again`,
    { cause },
  )
}
