import { apply, emptyLedger, type Ledger } from '../blocks/ledger.js'
import { decodeValue, encodeValue } from '../codec/value-codec.js'
import { DStreamError } from '../../base/errors/base.js'
import { messageOf } from '../../base/errors/error-text.js'
import { DamagedError } from '../../base/errors/storage.js'
import { SegmentUse } from './durable-journal.js'
import { decodeEntry, type JournalEntry, type Streams } from './events.js'
import type { FramePayload } from '../log/frame.js'
import { understood } from '../log/understood.js'
import type { LogSegment } from '../log/read-log.js'

/** The head of a journal file. It holds the state of the journal at that point, since the files before it may be gone. */
export interface JournalHead {
  readonly engine: string
  /** Operator id of the source → position. */
  readonly positions: readonly (readonly [operator: string, position: unknown])[]
  /** The last batch that had an allocation by then. */
  readonly allocated: number | undefined
  /** The contents of older files that were still needed: blocks without a batch, and batches that were not forgotten. */
  readonly waiting: readonly (readonly [operator: string, ids: readonly string[]])[]
  readonly batches: readonly number[]
}

export function encodeJournalHead(head: JournalHead): FramePayload {
  // The positions stand in a list of pairs.
  return [encodeValue(head, 3)]
}

export interface JournalFrame {
  readonly entry: JournalEntry
  readonly segment: LogSegment
  readonly offset: number
}

export interface ReadJournal {
  readonly segments: readonly LogSegment[]
  readonly entries: readonly JournalFrame[]
  /** The head of the oldest file. */
  readonly head: JournalHead | undefined
  /** The last batch with an allocation, needed or not. */
  readonly allocated: number | undefined
  /** The sequence number after the last good frame. */
  readonly next: number
}

/** Decodes the frames of a journal. @throws `checkpoint-damaged` for a frame that this version does not understand */
export function decodeJournal(segments: readonly LogSegment[]): ReadJournal {
  const entries = segments.flatMap((segment) =>
    segment.frames.map(({ payload, offset }) => ({
      entry: understood(segment.file, offset, () => decodeEntry(payload)),
      segment,
      offset,
    })),
  )
  const [oldest] = segments
  const head =
    oldest && understood(oldest.file, oldest.head.offset, () => decodeValue(oldest.head.payload) as JournalHead)
  return {
    segments,
    entries,
    head,
    allocated: lastBatch(entries) ?? head?.allocated,
    next: segments.at(-1)?.next ?? 0,
  }
}

function lastBatch(entries: readonly JournalFrame[]): number | undefined {
  const last = entries.findLast(({ entry }) => entry.type === 'batch')?.entry
  return last?.type === 'batch' ? last.time : undefined
}

/**
 * Compares the journal with the commits. A batch is allocated before it is committed, and each allocation names the
 * last commit of its time. An entry that either log has confirmed and no longer holds was therefore lost by damage, not
 * by a crash. Cutting it off as a torn tail would give its blocks to a second batch.
 *
 * @throws `checkpoint-damaged`
 */
export function checkAgainstCommits(
  { segments, entries, allocated, head }: ReadJournal,
  committed: number | undefined,
  forgotten: number,
): void {
  if (committed !== undefined && (allocated ?? -Infinity) < committed) {
    const newest = segments.at(-1)
    const lost = `the batch of ${committed} ms has been committed, and what it was given is missing`
    throw new DamagedError(newest?.file ?? 'journal/', newest?.end ?? 0, lost)
  }
  for (const { entry, segment, offset } of entries) {
    if (entry.type !== 'batch' || (entry.committed ?? -Infinity) <= (committed ?? -Infinity)) continue
    const lost = `the batch of ${entry.committed} ms had been committed by then, and the commits end before it`
    throw new DamagedError(segment.file, offset, lost)
  }
  const missing = head && neededBefore(head, entries, forgotten)
  if (missing !== undefined) {
    throw new DamagedError(segments[0]!.file, 0, `a file before it is missing, which holds ${missing}`)
  }
}

/**
 * Returns the first entry of older files that is still needed, and must therefore be there. Files are deleted from the
 * oldest on, once everything in them is forgotten.
 */
function neededBefore(head: JournalHead, entries: readonly JournalFrame[], forgotten: number): string | undefined {
  const batch = head.batches.find((time) => time > forgotten)
  if (batch !== undefined) return `the batch of ${batch} ms`
  const done = new Set<string>()
  for (const { entry } of entries) {
    if (entry.type !== 'batch' || entry.time > forgotten) continue
    for (const [operator, ids] of entry.blocks) for (const id of ids) done.add(nameOf(operator, id))
  }
  for (const [operator, ids] of head.waiting) {
    const id = ids.find((each) => !done.has(nameOf(operator, each)))
    if (id !== undefined) return `block ${id} of ${operator}`
  }
  return undefined
}

function nameOf(operator: string, id: string): string {
  return JSON.stringify([operator, id])
}

/**
 * Folds the entries into a ledger, in the stream ids of this program. Leaves out batches up to `forgotten`, and the
 * data of sources that are gone.
 *
 * @throws `checkpoint-damaged` for an allocation of a block that is missing, `codec-unknown`
 */
export function foldJournal(
  read: ReadJournal,
  streams: Streams,
  forgotten: number,
): { readonly ledger: Ledger; readonly use: SegmentUse } {
  const use = new SegmentUse()
  let ledger: Ledger = { ...emptyLedger, forgotten }
  for (const [operator, position] of read.head?.positions ?? [])
    ledger = positioned(ledger, streams, operator, position)
  const done = doneFrames(read.entries, forgotten)
  for (const frame of read.entries) {
    const { entry, segment, offset } = frame
    try {
      if (!done.has(frame)) ledger = fold(ledger, entry, streams, use, segment.first)
      else if (entry.type === 'block') ledger = positioned(ledger, streams, entry.operator, entry.position)
    } catch (error) {
      if (error instanceof DStreamError && error.code === 'codec-unknown') throw error
      throw new DamagedError(segment.file, offset, messageOf(error))
    }
  }
  return { ledger, use }
}

/** Returns the operator ids of the sources that have a position, or blocks that are still needed. */
export function sourcesInUse({ entries, head }: ReadJournal, forgotten: number): ReadonlySet<string> {
  const done = doneFrames(entries, forgotten)
  const used = new Set((head?.positions ?? []).map(([operator]) => operator))
  for (const frame of entries) {
    const { entry } = frame
    if (entry.type === 'block' && (!done.has(frame) || entry.position !== undefined)) used.add(entry.operator)
  }
  return used
}

/** Returns the allocations of forgotten batches and those of their blocks that are still in the log. */
function doneFrames(entries: readonly JournalFrame[], forgotten: number): ReadonlySet<JournalFrame> {
  const done = new Set<JournalFrame>()
  const blocks = new Map<string, JournalFrame>()
  for (const frame of entries) {
    const { entry } = frame
    if (entry.type === 'block') blocks.set(nameOf(entry.operator, entry.id), frame)
    else if (entry.time <= forgotten) {
      done.add(frame)
      for (const [operator, ids] of entry.blocks) {
        for (const id of ids) {
          const block = blocks.get(nameOf(operator, id))
          if (block !== undefined) done.add(block)
        }
      }
    }
  }
  return done
}

function positioned(ledger: Ledger, streams: Streams, operator: string, position: unknown): Ledger {
  const streamId = streams.streamOf(operator)
  if (streamId === undefined || position === undefined) return ledger
  return { ...ledger, positions: new Map(ledger.positions).set(streamId, position) }
}

function fold(ledger: Ledger, entry: JournalEntry, streams: Streams, use: SegmentUse, segment: number): Ledger {
  if (entry.type === 'block') {
    const streamId = streams.streamOf(entry.operator)
    if (streamId === undefined) return ledger
    const block = entry.block(streams, streamId)
    use.block(block, segment)
    return apply(ledger, { type: 'added', block })
  }
  const blocks = new Map<number, readonly string[]>()
  for (const [operator, ids] of entry.blocks) {
    const streamId = streams.streamOf(operator)
    if (streamId !== undefined) blocks.set(streamId, ids)
  }
  use.batch(entry.time, segment)
  return apply(ledger, { type: 'allocated', time: entry.time, blocks, ranges: entry.ranges })
}
