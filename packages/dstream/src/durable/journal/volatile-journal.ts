import { apply, emptyLedger, takeAll, type SourceRange } from '../blocks/ledger.js'
import type { Journal } from './journal.js'

/**
 * Returns the journal of a context without a checkpoint directory. It applies the same changes, and encodes and writes
 * nothing.
 */
export function volatileJournal(): Journal {
  let ledger = emptyLedger
  return {
    addBlock: async (block) => {
      ledger = apply(ledger, { type: 'added', block })
    },
    allocate: async (time, ranges = new Map<string, SourceRange>(), isHeldBack = false) => {
      if (!ledger.batches.has(time)) ledger = apply(ledger, takeAll(ledger, time, ranges, isHeldBack))
      return ledger.batches.get(time)!
    },
    allocation: (time) => ledger.batches.get(time),
    allocations: () => [...ledger.batches.values()],
    waiting: () => [...ledger.waiting.values()].flatMap((queue) => [...queue.values()]),
    position: (streamId) => ledger.positions.get(streamId),
    forget: async (until) => {
      ledger = apply(ledger, { type: 'forgotten', until })
    },
  }
}
