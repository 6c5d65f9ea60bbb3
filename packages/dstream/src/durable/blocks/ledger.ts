import { blockMissing, duplicateBlock } from '../../base/errors/storage.js'
import { Allocations, type Allocation, type SourceRange } from './allocations.js'
import type { Block } from './block.js'
import { WaitingBlocks } from './waiting-blocks.js'

export type { Allocation, SourceRange }

/** A change of the ledger. The journal logs it; the running process and a recovery apply it. */
export type LedgerEvent =
  { readonly type: 'added'; readonly block: Block } | Allocated | { readonly type: 'forgotten'; readonly until: number }

export interface Allocated {
  readonly type: 'allocated'
  readonly time: number
  /** Stream id → ids of its waiting blocks. */
  readonly blocks: ReadonlyMap<number, readonly string[]>
  readonly ranges: ReadonlyMap<string, SourceRange>
}

/** The blocks and their batches, as an immutable value. */
export interface Ledger {
  /** Stream id → its waiting blocks. A stream without any is not in it. */
  readonly waiting: ReadonlyMap<number, WaitingBlocks>
  readonly batches: Allocations
  /** Stream id → the receiver's position after its last block. */
  readonly positions: ReadonlyMap<number, unknown>
  /** The last batch time that has been forgotten, with all times before it. */
  readonly forgotten: number
}

export const emptyLedger: Ledger = {
  waiting: new Map(),
  batches: new Allocations(),
  positions: new Map(),
  forgotten: -Infinity,
}

/**
 * Applies an event. No other code moves a block, so the running state is the fold of the logged events and cannot
 * differ from the state that a recovery folds from the log.
 */
export function apply(ledger: Ledger, event: LedgerEvent): Ledger {
  switch (event.type) {
    case 'added':
      return added(ledger, event.block)
    case 'allocated':
      return allocated(ledger, event)
    case 'forgotten':
      if (event.until <= ledger.forgotten) return ledger
      return { ...ledger, batches: ledger.batches.after(event.until), forgotten: event.until }
  }
}

/** Returns the event that gives every waiting block of all streams to a batch, or none when the sources are held back. */
export function takeAll(
  ledger: Ledger,
  time: number,
  ranges: ReadonlyMap<string, SourceRange>,
  isHeldBack = false,
): Allocated {
  const waiting = isHeldBack || ledger.waiting.size === 0 ? [] : [...ledger.waiting]
  return {
    type: 'allocated',
    time,
    blocks: new Map(waiting.map(([stream, blocks]) => [stream, [...blocks.keys()]])),
    ranges,
  }
}

function added(ledger: Ledger, block: Block): Ledger {
  const { id, streamId, position } = block
  const queue = ledger.waiting.get(streamId) ?? new WaitingBlocks()
  if (queue.has(id)) throw duplicateBlock(streamId, id)
  return {
    ...ledger,
    waiting: new Map(ledger.waiting).set(streamId, queue.with(block)),
    positions: position === undefined ? ledger.positions : new Map(ledger.positions).set(streamId, position),
  }
}

function allocated(ledger: Ledger, event: Allocated): Ledger {
  const waiting = new Map(ledger.waiting)
  const blocks = new Map<number, Block[]>()
  for (const [streamId, ids] of event.blocks) {
    const queue = waiting.get(streamId) ?? new WaitingBlocks()
    const taken = ids.map((id) => {
      const block = queue.get(id)
      if (block === undefined) throw blockMissing(event.time, streamId, id)
      return block
    })
    const rest = queue.without(ids)
    if (rest.size === 0) waiting.delete(streamId)
    else waiting.set(streamId, rest)
    blocks.set(streamId, taken)
  }
  const allocation: Allocation = { time: event.time, blocks, ranges: event.ranges }
  return { ...ledger, waiting, batches: ledger.batches.with(allocation) }
}
