import { loadImmutable } from '../../base/values/immutable-library.js'
import type { Storage } from '../../base/ports.js'
import type { CrashHook } from '../../base/crash-points.js'
import { DurableJournal } from './durable-journal.js'
import type { Streams } from './events.js'
import { checkAgainstCommits, decodeJournal, encodeJournalHead, foldJournal, type ReadJournal } from './fold-journal.js'
import type { FramePayload } from '../log/frame.js'
import { type AppendRetry, Log, logCrashPoints } from '../log/log.js'
import { readLog } from '../log/read-log.js'

const FOLDER = 'journal'
const points = logCrashPoints('journal')

/** Reads the journal of a storage. @throws `checkpoint-damaged`, `checkpoint-newer-format` */
export async function readJournal(storage: Storage): Promise<ReadJournal> {
  await loadImmutable()
  return decodeJournal(await readLog(storage, FOLDER, 'j'))
}

export interface OpenJournalOptions {
  readonly storage: Storage
  readonly read: ReadJournal
  readonly streams: Streams
  /** The last batch time that is no longer needed. */
  readonly forgotten: number
  readonly committed: () => number | undefined
  /** Returns the time of the clock, in milliseconds. */
  readonly now: () => number
  readonly engine: string
  readonly segmentBytes: number
  readonly onCrashPoint: CrashHook | undefined
  readonly retry?: AppendRetry | undefined
}

/**
 * Folds the entries that were read. Nothing is written before `begin`.
 * @throws `checkpoint-damaged`, `codec-unknown`
 */
export function openJournal(options: OpenJournalOptions): { readonly journal: DurableJournal; begin(): Promise<void> } {
  const { storage, read, streams, forgotten, committed, now, engine, segmentBytes, onCrashPoint, retry } = options
  checkAgainstCommits(read, committed(), forgotten)
  const head = (): FramePayload => {
    const { positions, waiting, batches } = journal.ledger
    return encodeJournalHead({
      engine,
      positions: [...positions].map(([stream, position]) => [streams.operatorOf(stream), position]),
      allocated: journal.allocated,
      waiting: [...waiting].map(([stream, queue]) => [streams.operatorOf(stream), [...queue.keys()]]),
      batches: [...batches.keys()],
    })
  }
  const log = new Log({ storage, folder: FOLDER, kind: 'j', segmentBytes, points, onCrashPoint, head, retry })
  const journal: DurableJournal = new DurableJournal({
    log,
    streams,
    committed,
    now,
    allocated: read.allocated,
    ...foldJournal(read, streams, forgotten),
  })
  return { journal, begin: () => log.begin(read.segments) }
}
