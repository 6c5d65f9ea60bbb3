import type { Block } from '../blocks/block.js'
import { apply, type Allocated, type Ledger, takeAll } from '../blocks/ledger.js'
import { checkStorable } from '../codec/storable.js'
import { duplicateBlock } from '../../base/errors/storage.js'
import { encodeAllocation, encodeBlock, type Streams } from './events.js'
import type { Allocation, Journal, SourceRange } from './journal.js'
import type { FramePayload } from '../log/frame.js'
import type { Log } from '../log/log.js'

/** Counts the blocks and batches that are still needed in each file of the log. */
export class SegmentUse {
  readonly #blocks = new Map<Block, number>()
  readonly #batches = new Map<number, number>()
  readonly #count = new Map<number, number>()

  block(block: Block, segment: number): void {
    this.#blocks.set(block, segment)
    this.#add(segment, 1)
  }

  batch(time: number, segment: number): void {
    this.#batches.set(time, segment)
    this.#add(segment, 1)
  }

  forget(allocation: Allocation): void {
    this.#add(this.#batches.get(allocation.time), -1)
    this.#batches.delete(allocation.time)
    for (const block of [...allocation.blocks.values()].flat()) {
      this.#add(this.#blocks.get(block), -1)
      this.#blocks.delete(block)
    }
  }

  isFree(segment: number): boolean {
    return (this.#count.get(segment) ?? 0) === 0
  }

  #add(segment: number | undefined, change: number): void {
    if (segment !== undefined) this.#count.set(segment, (this.#count.get(segment) ?? 0) + change)
  }
}

export interface DurableJournalOptions {
  readonly log: Log
  readonly streams: Streams
  /** The ledger that the log gave. */
  readonly ledger: Ledger
  readonly use: SegmentUse
  /** Returns the time of the last batch whose commit is durable. */
  readonly committed: () => number | undefined
  /** Returns the time of the clock, in milliseconds. */
  readonly now: () => number
  /** The last batch of earlier runs that has an allocation. */
  readonly allocated: number | undefined
}

/** A journal on a log. Appends every change first and then applies it. */
export class DurableJournal implements Journal {
  readonly mustBeStorable = checkStorable
  readonly #options: DurableJournalOptions
  #ledger: Ledger
  #allocated: number | undefined
  readonly #adding = new Set<string>()
  /** The blocks of the group that the log has formed last. They become durable together with a later entry of it, or neither. */
  #grouped: { readonly group: number; readonly blocks: Block[] } = { group: 0, blocks: [] }

  constructor(options: DurableJournalOptions) {
    this.#options = options
    this.#ledger = options.ledger
    this.#allocated = options.allocated
  }

  /** The sequence number of the next frame of the log. */
  get next(): number {
    return this.#options.log.next
  }

  /** The last batch that has an allocation, forgotten or not. */
  get allocated(): number | undefined {
    return this.#allocated
  }

  get ledger(): Ledger {
    return this.#ledger
  }

  async addBlock(block: Block): Promise<void> {
    const { log, streams, use } = this.#options
    const name = `${block.streamId}/${block.id}`
    if (this.#adding.has(name) || this.#ledger.waiting.get(block.streamId)?.has(block.id) === true) {
      throw duplicateBlock(block.streamId, block.id)
    }
    const frames = [encodeBlock(block, streams.operatorOf(block.streamId))]
    const framesOf = (group: number): typeof frames => {
      if (this.#grouped.group !== group) this.#grouped = { group, blocks: [] }
      this.#grouped.blocks.push(block)
      return frames
    }
    this.#adding.add(name)
    try {
      await log.append(framesOf, (segment) => {
        this.#ledger = apply(this.#ledger, { type: 'added', block })
        use.block(block, segment)
      })
    } finally {
      this.#adding.delete(name)
    }
  }

  async allocate(
    time: number,
    ranges: ReadonlyMap<string, SourceRange> = new Map(),
    isHeldBack = false,
  ): Promise<Allocation> {
    const { log, streams, use, committed, now } = this.#options
    const known = this.allocation(time)
    if (known !== undefined) return known
    let event: Allocated | undefined
    const framesOf = (group: number): [FramePayload] => {
      event = takeAll(this.#withGroup(group), time, ranges, isHeldBack)
      return [encodeAllocation(event, streams, committed(), now())]
    }
    await log.append(framesOf, (segment) => {
      this.#ledger = apply(this.#ledger, event!)
      use.batch(time, segment)
      this.#allocated = time
    })
    return this.allocation(time)!
  }

  /** Returns the ledger as it will be when the blocks before an entry of this group are durable. */
  #withGroup(group: number): Ledger {
    const { blocks } = this.#grouped
    if (this.#grouped.group !== group) return this.#ledger
    return blocks.reduce((ledger, block) => apply(ledger, { type: 'added', block }), this.#ledger)
  }

  allocation(time: number): Allocation | undefined {
    return this.#ledger.batches.get(time)
  }

  allocations(): readonly Allocation[] {
    return [...this.#ledger.batches.values()]
  }

  waiting(): readonly Block[] {
    return [...this.#ledger.waiting.values()].flatMap((queue) => [...queue.values()])
  }

  position(streamId: number): unknown {
    return this.#ledger.positions.get(streamId)
  }

  /**
   * Deletes files from the oldest on, and only while nothing in them is needed. An allocation always follows its
   * blocks, so no block comes back as a waiting one. A file that cannot be deleted now is tried again next time.
   */
  async forget(until: number): Promise<void> {
    const { log, use } = this.#options
    for (const [time, allocation] of this.#ledger.batches) {
      if (time > until) break
      use.forget(allocation)
    }
    this.#ledger = apply(this.#ledger, { type: 'forgotten', until })
    await log.deleteOldest((segment) => use.isFree(segment)).catch(() => undefined)
  }
}
