import { loadImmutable } from '../../base/values/immutable-library.js'
import { DStreamError } from '../../base/errors/base.js'
import { DamagedError } from '../../base/errors/storage.js'
import { decodeJournal } from '../journal/fold-journal.js'
import { readFrames, type FileKind } from '../log/frame.js'
import { endOfFile, listLog } from '../log/read-log.js'
import { readJournal } from '../journal/open-journal.js'
import type { Storage } from '../../base/ports.js'
import type { PendingOutput } from './pending-outputs.js'
import { readCommits } from './open-checkpoint.js'
import { listSnapshotFiles } from './snapshot.js'

/** The contents of a checkpoint for one operator. */
export interface OperatorReport {
  readonly id: string
  readonly kind: string
  readonly derived: boolean
  readonly version: number
  /** Table → number of keys. */
  readonly tables: ReadonlyMap<string, number>
}

/** The contents of a checkpoint, as plain data. */
export interface CheckpointReport {
  readonly zeroTime: number
  readonly batchMs: number
  readonly lastCommitted: number | undefined
  /** The times of the batches that the next start would run again. */
  readonly pending: readonly number[]
  /** The time of the clock at which each of them was begun, in milliseconds; absent for those of format 1. */
  readonly begun: ReadonlyMap<number, number>
  readonly pendingOutputs: readonly PendingOutput[]
  /** The operators that are behind the last batch → their last time. */
  readonly lagging: ReadonlyMap<string, number>
  /** Operator → number of its remembered RDDs. */
  readonly remembered: ReadonlyMap<string, number>
  /** The operators for which anything is stored. */
  readonly operators: readonly OperatorReport[]
  readonly warnings: readonly string[]
}

/**
 * Reads a checkpoint as a start would, and changes nothing. A job that uses the checkpoint continues undisturbed.
 * Resolves to `undefined` when there is none.
 * @throws `checkpoint-damaged`, `checkpoint-newer-format`
 */
export async function inspectCheckpoint(storage: Storage): Promise<CheckpointReport | undefined> {
  const warnings: string[] = []
  const { state, segments } = await readCommits(storage, warnings)
  const { entries } = await readJournal(storage)
  if (segments.length === 0 && entries.length === 0) return undefined
  const { zeroTime, batchMs, lastCommitted, pendingOutputs, lagging } = state
  const after = lastCommitted ?? -Infinity
  const remembered = new Map<string, number>()
  for (const { operator } of state.remembered) remembered.set(operator, (remembered.get(operator) ?? 0) + 1)
  const operators = state.operators
    .filter(({ id, tables }) => tables.length > 0 || state.holders.has(id))
    .map(({ id, kind, derived, version }) => {
      const tables = [...(state.tables.get(id) ?? [])].map(([name, table]) => [name, countOf(table.values())] as const)
      return { id, kind, derived, version, tables: new Map(tables) }
    })
  const batches = entries.flatMap(({ entry }) => (entry.type === 'batch' && entry.time > after ? [entry] : []))
  const pending = batches.map(({ time }) => time)
  const begun = new Map(batches.flatMap(({ time, clock }) => (clock === undefined ? [] : [[time, clock]])))
  return { zeroTime, batchMs, lastCommitted, pending, begun, pendingOutputs, lagging, remembered, operators, warnings }
}

function countOf(entries: Iterable<unknown>): number {
  let n = 0
  for (const entry of entries) n += entry === undefined ? 0 : 1
  return n
}

/** The result of checking one file. */
export interface FileReport {
  readonly file: string
  readonly bytes: number
  readonly frames: number
  /** The number of bytes behind the last good frame that a crash or a failed append has left. They are harmless. */
  readonly torn: number
  readonly problem: { readonly offset: number | undefined; readonly message: string } | undefined
}

const groups: readonly (readonly [kind: FileKind, log: boolean, list: (storage: Storage) => Promise<string[]>])[] = [
  ['j', true, (storage) => listLog(storage, 'journal')],
  ['c', true, (storage) => listLog(storage, 'commits')],
  ['s', false, listSnapshotFiles],
]

/**
 * Reads every frame of every file and checks its checksums. Continues after a damaged file, so that the report is
 * complete.
 */
export async function verifyFiles(storage: Storage): Promise<FileReport[]> {
  await loadImmutable()
  const reports: FileReport[] = []
  for (const [kind, log, list] of groups) {
    const files = await list(storage)
    for (const [i, file] of files.entries()) {
      const bytes = (await storage.read(file)) ?? new Uint8Array(0)
      const until = log ? endOfFile(files, i) : undefined
      reports.push(verifyFile(file, kind, bytes, { tail: log && until === undefined, until }))
    }
  }
  return reports
}

function verifyFile(
  file: string,
  kind: FileKind,
  bytes: Uint8Array,
  options: { readonly tail: boolean; readonly until: number | undefined },
): FileReport {
  try {
    const { first, frames, end, torn } = readFrames(file, kind, bytes, options)
    const [head, ...rest] = frames
    if (head === undefined) throw new DamagedError(file, end, 'it does not begin with a good frame')
    if (kind === 'j') decodeJournal([{ file, first, head, frames: rest, next: first + frames.length, end, torn }])
    return { file, bytes: bytes.length, frames: frames.length, torn, problem: undefined }
  } catch (error) {
    if (!(error instanceof DStreamError)) throw error
    const offset = error instanceof DamagedError ? error.offset : undefined
    return { file, bytes: bytes.length, frames: 0, torn: 0, problem: { offset, message: error.message } }
  }
}

/** A key of an operator's state, in the form in which a program would find it. */
export interface ExportedEntry {
  readonly table: string
  readonly key: unknown
  readonly value: unknown
  readonly touched: number
}

/**
 * Returns the state of an operator as of the last commit, in order of first arrival; `undefined` when nothing is stored
 * under that id.
 * @throws `checkpoint-damaged`, `checkpoint-newer-format`
 */
export async function exportState(storage: Storage, operator: string): Promise<Iterable<ExportedEntry> | undefined> {
  const { state } = await readCommits(storage, [])
  const tables = state.tables.get(operator)
  if (tables === undefined) return undefined
  return (function* () {
    for (const [table, entries] of tables) {
      for (const { key, value, touched } of entries.values()) yield { table, key, value, touched }
    }
  })()
}
