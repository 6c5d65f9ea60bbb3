import { apply, emptyLedger, type Ledger } from '../blocks/ledger.js'
import { decodeValue, encodeValue } from '../codec/value-codec.js'
import { DStreamError } from '../errors/base.js'
import { DamagedError } from '../errors/storage.js'
import { SegmentUse } from './durable-journal.js'
import { decodeEntry, type JournalEntry, type Streams } from './events.js'
import type { Payload } from './frame.js'
import type { Segment } from './log.js'

/** What the head of a journal file says: where receivers stood when it began, for the files before it may be gone. */
export interface JournalHead {
  readonly engine: string
  /** Operator id of the source → position. */
  readonly positions: readonly (readonly [operator: string, position: unknown])[]
}

export const encodeHead = (head: JournalHead): Payload => [encodeValue(head)]

export interface JournalFrame {
  readonly entry: JournalEntry
  readonly segment: Segment
  readonly offset: number
}

export interface ReadJournal {
  readonly segments: readonly Segment[]
  readonly entries: readonly JournalFrame[]
  /** Positions before the first entry. */
  readonly positions: ReadonlyMap<string, unknown>
  /** Sequence number after the last good frame. */
  readonly next: number
}

/** @throws `checkpoint-damaged` for a frame that says nothing that this version understands */
export function decodeJournal(segments: readonly Segment[]): ReadJournal {
  const understood = <T>(segment: Segment, offset: number, read: () => T): T => {
    try {
      return read()
    } catch (error) {
      throw new DamagedError(segment.file, offset, error instanceof Error ? error.message : String(error))
    }
  }
  const entries = segments.flatMap((segment) =>
    segment.frames.map(({ payload, offset }) => ({
      entry: understood(segment, offset, () => decodeEntry(payload)),
      segment,
      offset,
    })),
  )
  const [oldest] = segments
  const head = oldest && understood(oldest, oldest.head.offset, () => decodeValue(oldest.head.payload) as JournalHead)
  return { segments, entries, positions: new Map(head?.positions), next: segments.at(-1)?.next ?? 0 }
}

/**
 * The ledger that the log tells of, in the stream ids of this program. Batches up to `forgotten` are of no interest; what
 * belongs to sources that are gone is left out.
 *
 * @throws `checkpoint-damaged` when an allocation names a block that is not there, `codec-unknown`
 */
export function foldJournal(
  read: ReadJournal,
  streams: Streams,
  forgotten: number,
): { readonly ledger: Ledger; readonly use: SegmentUse } {
  const use = new SegmentUse()
  let ledger: Ledger = { ...emptyLedger, forgotten }
  for (const [operator, position] of read.positions) ledger = positioned(ledger, streams, operator, position)
  const done = doneFrames(read.entries, forgotten)
  for (const frame of read.entries) {
    const { entry, segment, offset } = frame
    try {
      if (!done.has(frame)) ledger = fold(ledger, entry, streams, use, segment.first)
      else if (entry.type === 'block') ledger = positioned(ledger, streams, entry.operator, entry.position)
    } catch (error) {
      if (error instanceof DStreamError && error.code === 'codec-unknown') throw error
      throw new DamagedError(segment.file, offset, error instanceof Error ? error.message : String(error))
    }
  }
  return { ledger, use }
}

/** Allocations of forgotten batches, and the blocks that they took: as far as they are still there. */
function doneFrames(entries: readonly JournalFrame[], forgotten: number): ReadonlySet<JournalFrame> {
  const done = new Set<JournalFrame>()
  const blocks = new Map<string, JournalFrame>()
  const name = (operator: string, id: string): string => JSON.stringify([operator, id])
  for (const frame of entries) {
    const { entry } = frame
    if (entry.type === 'block') blocks.set(name(entry.operator, entry.id), frame)
    else if (entry.time <= forgotten) {
      done.add(frame)
      for (const [operator, ids] of entry.blocks) {
        for (const id of ids) {
          const block = blocks.get(name(operator, id))
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
  return { ...ledger, positions: ledger.positions.set(streamId, position) }
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
