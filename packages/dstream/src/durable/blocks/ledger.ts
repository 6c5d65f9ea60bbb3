import { Map as ImmutableMap, OrderedMap } from 'immutable'
import { blockMissing, duplicateBlock } from '../../base/errors/storage.js'
import { Allocations, type Allocation, type SourceRange } from './allocations.js'
import type { Block } from './block.js'

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
  /** Stream id → block id → block, in order of arrival. */
  readonly waiting: ImmutableMap<number, OrderedMap<string, Block>>
  readonly batches: Allocations
  /** Stream id → the receiver's position after its last block. */
  readonly positions: ImmutableMap<number, unknown>
  /** The last batch time that has been forgotten, with all times before it. */
  readonly forgotten: number
}

export const emptyLedger: Ledger = {
  waiting: ImmutableMap(),
  batches: new Allocations(),
  positions: ImmutableMap(),
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
  const waiting = isHeldBack ? [] : [...ledger.waiting]
  return {
    type: 'allocated',
    time,
    blocks: new Map(waiting.map(([stream, blocks]) => [stream, [...blocks.keys()]])),
    ranges,
  }
}

function added(ledger: Ledger, block: Block): Ledger {
  const { id, streamId, position } = block
  const queue = ledger.waiting.get(streamId) ?? OrderedMap<string, Block>()
  if (queue.has(id)) throw duplicateBlock(streamId, id)
  return {
    ...ledger,
    waiting: ledger.waiting.set(streamId, queue.set(id, block)),
    positions: position === undefined ? ledger.positions : ledger.positions.set(streamId, position),
  }
}

function allocated(ledger: Ledger, event: Allocated): Ledger {
  let { waiting } = ledger
  const blocks = new Map<number, Block[]>()
  for (const [streamId, ids] of event.blocks) {
    let queue = waiting.get(streamId) ?? OrderedMap<string, Block>()
    const taken = ids.map((id) => {
      const block = queue.get(id)
      if (block === undefined) throw blockMissing(event.time, streamId, id)
      return block
    })
    queue = queue.deleteAll(ids)
    waiting = queue.isEmpty() ? waiting.delete(streamId) : waiting.set(streamId, queue)
    blocks.set(streamId, taken)
  }
  const allocation: Allocation = { time: event.time, blocks, ranges: event.ranges }
  return { ...ledger, waiting, batches: ledger.batches.with(allocation) }
}
