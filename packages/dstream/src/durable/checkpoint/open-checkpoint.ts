import { loadImmutable } from '../../base/values/immutable-library.js'
import { checkpointExists, checkpointMismatch, DamagedError } from '../../base/errors/storage.js'
import type { Streams } from '../journal/events.js'
import { Log, logCrashPoints, type LogOptions } from '../log/log.js'
import { listLog, readLog, type LogSegment } from '../log/read-log.js'
import { sourcesInUse, type ReadJournal } from '../journal/fold-journal.js'
import type { Journal } from '../journal/journal.js'
import { openJournal, readJournal } from '../journal/open-journal.js'
import type { ReportWork, Slice, Storage } from '../../base/ports.js'
import { firstGrid } from '../../base/time/batch-times.js'
import { CheckpointWriter } from './checkpoint-writer.js'
import type { Checkpoint, CheckpointOptions, Recovered } from './checkpoint.js'
import { decodeFrame, decodeCommitHead, encodeCommitHead, storedSignature, type CommitHead } from './commit-frames.js'
import { matchOutputs } from './match-outputs.js'
import { match, type MatchPlan } from './match.js'
import { Migration } from './migration.js'
import { isWhole, listSnapshotFiles, listSnapshots, readSnapshot } from './snapshot.js'
import { understood } from '../log/understood.js'
import { StoredState } from './stored-state.js'
import { pendingOf, storedTimes } from './stored-times.js'

const COMMITS = 'commits'
const DISCARD_MARK = 'discarding'
const points = logCrashPoints('commit')
const defaults = { segmentBytes: 32 * 1024 * 1024, snapshotBytes: 4 * 1024 * 1024, keepSnapshots: 2 }

export interface OpenedCheckpoint {
  readonly checkpoint: Checkpoint
  readonly recovered: Recovered
}

/**
 * Reads the checkpoint, matches it with the program, and continues from it. Writes nothing until both have succeeded,
 * so that a refusal changes nothing.
 *
 * @param locked releases the lock of the storage, which the caller has taken
 * @throws `checkpoint-exists`, `checkpoint-mismatch`, `checkpoint-damaged`, `checkpoint-newer-format`, `codec-unknown`,
 * `migration-failed`, and errors of the disk
 */
export async function openCheckpoint(
  options: CheckpointOptions,
  locked: () => Promise<void>,
): Promise<OpenedCheckpoint> {
  try {
    return await open(options, locked)
  } catch (error) {
    await locked()
    throw error
  }
}

/**
 * Opens a checkpoint up to its first write. Returns whether there is one to continue from. The caller holds the lock.
 * @throws the errors of `openCheckpoint`
 */
export async function checkOpenable(options: CheckpointOptions): Promise<{ readonly resumed: boolean }> {
  if (options.existing === 'discard' || (await isBeingDiscarded(options.storage))) return { resumed: false }
  return prepare(options)
}

/** Takes all steps that come before the first write. */
async function prepare(options: CheckpointOptions) {
  const { storage, engine, onCrashPoint, batchMs } = options
  const limits = { ...defaults, ...options.limits }
  const warnings: string[] = []
  const slice = options.yielder.begin()
  const { state, segments, base, baseTime } = await readCommits(storage, warnings, slice, options.onWork)
  const read = await readJournal(storage)
  const resumed = segments.length > 0
  // The first file of commits is written before anything else, so that there is always one.
  if (!resumed && read.segments.length > 0) throw new DamagedError(`${COMMITS}/`, 0, 'the commits are missing')
  if (resumed && options.existing === 'refuse') throw checkpointExists()
  const plan = matchOperators(state, read, options, warnings)
  matchOutputs(state, options, warnings)
  const migrated = new Migration(state, options.operators, new Set(plan.kept))
  await migrated.check(slice)
  let lastCommitted = state.lastCommitted
  const { journal, begin } = openJournal({
    storage,
    read,
    streams: streamsOf(options),
    forgotten: state.forgotten,
    committed: () => lastCommitted,
    engine,
    segmentBytes: limits.segmentBytes,
    onCrashPoint,
    now: options.now,
    retry: options.retry,
  })
  const stored = storedTimes(state, journal)
  const head: CommitHead = {
    engine,
    zeroTime: resumed ? state.zeroTime : options.zeroTime,
    job: state.job ?? options.newJob ?? '',
    batchMs,
    grids: resumed ? (options.gridsAfter?.(stored) ?? stored.grids) : [firstGrid(options.zeroTime, batchMs)],
    operators: options.operators.map(storedSignature),
    fresh: [],
  }
  const committed = (time: number): void => void (lastCommitted = time)
  return { state, segments, base, baseTime, resumed, plan, migrated, head, limits, journal, begin, committed, warnings }
}

async function open(options: CheckpointOptions, release: () => Promise<void>): Promise<OpenedCheckpoint> {
  const { storage, onCrashPoint } = options
  if (options.existing === 'discard' || (await isBeingDiscarded(storage))) await discard(storage)
  const prepared = await prepare(options)
  const { state, segments, base, baseTime, resumed, plan, migrated, head, limits, journal, warnings } = prepared
  // Dropped and fresh operators are named only in the first file of this run, since later files hold this program's own
  // state.
  let begins = true
  const headOfFile = (): CommitHead => (begins ? { ...head, fresh: [...plan.fresh, ...plan.dropped] } : head)
  const { segmentBytes } = limits
  const log = commitLog({ storage, segmentBytes, onCrashPoint, retry: options.retry, head: headOfFile })
  await log.begin(segments)
  begins = false
  await prepared.begin()
  const checkpoint = new CheckpointWriter({
    checkpointOptions: options,
    limits,
    journal,
    log,
    head,
    // Snapshots newer than the one that was read are damaged, and are deleted with the next one.
    snapshots: (await listSnapshots(storage)).filter((snapshot) => snapshot <= base),
    state,
    committed: prepared.committed,
    // A state that another program has written is rewritten in the form of this one.
    snapshotFirst: resumed && JSON.stringify(state.operators) !== JSON.stringify(head.operators),
    snapshotAt: baseTime ?? head.zeroTime,
    release,
  })
  const { zeroTime, job } = head
  const more = {
    resumed,
    zeroTime,
    job: job!,
    grids: head.grids!,
    batchMs: state.batchMs,
    warnings,
    table: migrated.table,
  }
  const recovered = recoveredFrom(state, more, journal)
  return { checkpoint, recovered }
}

/** Returns the log of commits, for appending. @param options by default files have the size of a job's */
export function commitLog({
  segmentBytes = defaults.segmentBytes,
  head,
  ...options
}: Pick<LogOptions, 'storage' | 'onCrashPoint' | 'retry'> & {
  readonly segmentBytes?: number
  readonly head: () => CommitHead
}): Log {
  return new Log({ ...options, folder: COMMITS, kind: 'c', points, segmentBytes, head: () => encodeCommitHead(head()) })
}

async function isBeingDiscarded(storage: Storage): Promise<boolean> {
  return (await storage.read(DISCARD_MARK)) !== undefined
}

function recoveredFrom(
  { lastCommitted, remembered, positions, lagging, pendingOutputs }: StoredState,
  more: Pick<Recovered, 'resumed' | 'zeroTime' | 'job' | 'grids' | 'batchMs' | 'warnings' | 'table'>,
  journal: Journal,
): Recovered {
  const pending = pendingOf(lastCommitted, journal)
  const small = { lastCommitted, remembered, positions, lagging, pendingOutputs }
  return { ...small, ...more, pending, waiting: journal.waiting() }
}

/** The parts of a program that matching needs. */
export type Program = Pick<CheckpointOptions, 'operators' | 'allowDropped' | 'batchMs'>

/**
 * Returns what a start of the program would do with the stored state. Only reads.
 * @throws `checkpoint-damaged`, `checkpoint-newer-format`, `migration-failed`
 */
export async function planResume(storage: Storage, program: Program): Promise<MatchPlan> {
  const { state } = await readCommits(storage, [])
  const plan = matchStored(state, await readJournal(storage), program)
  if (plan.refusal === undefined) await new Migration(state, program.operators, new Set(plan.kept)).check(undefined)
  return plan
}

function matchStored(state: StoredState, journal: ReadJournal, program: Program): MatchPlan {
  const { operators, allowDropped, batchMs } = program
  const holds = new Set([...state.holders, ...sourcesInUse(journal, state.forgotten)])
  const stored = { holds, begun: state.begun, sameInterval: state.batchMs === batchMs }
  return match(state.operators, stored, operators, allowDropped ?? [])
}

/**
 * Matches stored state with the program and drops what it may.
 * @throws `checkpoint-mismatch` when state would be lost
 */
function matchOperators(state: StoredState, journal: ReadJournal, program: Program, warnings: string[]): MatchPlan {
  const plan = matchStored(state, journal, program)
  if (plan.refusal !== undefined) throw checkpointMismatch(plan.refusal)
  if (plan.dropped.length > 0) warnings.push(`The state of ${plan.dropped.join(', ')} is dropped, as it was allowed.`)
  const dropped = new Set(plan.dropped)
  state.keepOnly((id) => !dropped.has(id))
  return plan
}

/** Reads the newest good snapshot (`base`, as of the batch of `baseTime`; 0 for none) and the commits after it. */
export async function readCommits(
  storage: Storage,
  warnings: string[],
  slice?: Slice,
  onWork?: ReportWork,
): Promise<{ state: StoredState; segments: readonly LogSegment[]; base: number; baseTime: number | undefined }> {
  await loadImmutable()
  const segments = await readLog(storage, COMMITS, 'c')
  const torn = segments.at(-1)?.torn ?? 0
  if (torn > 0) warnings.push(`The last ${torn} bytes of the log of commits were cut by a crash and are left out.`)
  const oldest = segments[0]?.first ?? 0
  const { state, next } = await newestSnapshot(storage, oldest, warnings, { slice, onWork })
  const baseTime = state.lastCommitted
  for (const [i, segment] of segments.entries()) {
    // The head counts too, since a program that wrote nothing else may have dropped operators.
    if (segment.first >= next)
      understood(segment.file, segment.head.offset, () => state.head(decodeCommitHead(segment.head.payload)))
    for (const { payload, offset, sequence } of segment.frames) {
      if (sequence >= next) await understoodInSteps(segment, offset, () => state.frame(decodeFrame(payload)), slice)
    }
    state.dropUnfinished()
    onWork?.('Reading the commits', i + 1, segments.length, 'files')
  }
  return { state, segments, base: next, baseTime }
}

async function newestSnapshot(
  storage: Storage,
  oldestCommit: number,
  warnings: string[],
  { slice, onWork }: { readonly slice: Slice | undefined; readonly onWork: ReportWork | undefined },
): Promise<{ state: StoredState; next: number }> {
  let damage: unknown
  for (const next of (await listSnapshots(storage)).reverse()) {
    try {
      const state = await readSnapshot(storage, next, slice, onWork)
      if (next < oldestCommit) break
      return { state, next }
    } catch (error) {
      if (!(error instanceof DamagedError)) throw error
      damage = error
      warnings.push(`A snapshot is damaged and an older one takes its place: ${error.file} at byte ${error.offset}.`)
    }
  }
  // Without a snapshot, all commits from the first one on must be there.
  if (oldestCommit > 0)
    throw damage ?? new DamagedError('snapshots', 0, 'the snapshot that the commits go on from is missing')
  return { state: new StoredState(), next: 0 }
}

/**
 * Returns whether there are commits that continue from their beginning or from a whole snapshot. Nothing is decoded, so
 * that the answer is cheap compared with a start.
 *
 * @throws `checkpoint-damaged` for a damaged log
 */
export async function holdsCommits(storage: Storage): Promise<boolean> {
  const [oldest] = await readLog(storage, COMMITS, 'c')
  if (oldest === undefined) return false
  if (oldest.first === 0) return true
  for (const next of (await listSnapshots(storage)).reverse()) {
    if (next >= oldest.first && (await isWhole(storage, next))) return true
  }
  return false
}

async function understoodInSteps(
  segment: LogSegment,
  offset: number,
  read: () => Iterator<void>,
  slice: Slice | undefined,
): Promise<void> {
  const steps = understood(segment.file, offset, read)
  while (understood(segment.file, offset, () => steps.next()).done !== true) await slice?.pause()
}

async function discard(storage: Storage): Promise<void> {
  // The next start finishes an interrupted discard, since a part of a checkpoint must not pass for one.
  await storage.put(DISCARD_MARK, new Uint8Array(0))
  const lists = [() => listLog(storage, COMMITS), () => listSnapshotFiles(storage), () => listLog(storage, 'journal')]
  for (const list of lists) for (const file of (await list()).reverse()) await storage.delete(file)
  await storage.delete(DISCARD_MARK)
}

function streamsOf({ operators, codec }: CheckpointOptions): Streams {
  const operatorOf = new Map(operators.map(({ id, streamId }) => [streamId, id]))
  const streamOf = new Map(operators.map(({ id, streamId }) => [id, streamId]))
  return {
    operatorOf: (streamId) => operatorOf.get(streamId) ?? `stream#${streamId}`,
    streamOf: (operator) => streamOf.get(operator),
    codec,
  }
}
