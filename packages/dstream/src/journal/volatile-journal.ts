import type { Block } from '../blocks/block.js'
import type { Allocation, Journal, SourceRange } from './journal.js'

/** The journal of a context without a checkpoint directory: the same moves, and nothing written. */
export const volatileJournal = (): Journal => {
  let waiting: Block[] = []
  const allocations = new Map<number, Allocation>()
  const positions = new Map<number, unknown>()
  return {
    addBlock: (block) => {
      waiting.push(block)
      if (block.position !== undefined) positions.set(block.streamId, block.position)
      return Promise.resolve()
    },
    allocate: (time, ranges = new Map<string, SourceRange>()) => {
      const known = allocations.get(time)
      if (known !== undefined) return Promise.resolve(known)
      const blocks = new Map<number, Block[]>()
      for (const block of waiting) {
        const sameStream = blocks.get(block.streamId)
        if (sameStream === undefined) blocks.set(block.streamId, [block])
        else sameStream.push(block)
      }
      waiting = []
      const allocation = { time, blocks, ranges }
      allocations.set(time, allocation)
      return Promise.resolve(allocation)
    },
    allocation: (time) => allocations.get(time),
    allocations: () => [...allocations.values()].sort((a, b) => a.time - b.time),
    waiting: () => waiting,
    position: (streamId) => positions.get(streamId),
    forget: (until) => {
      for (const time of allocations.keys()) if (time <= until) allocations.delete(time)
      return Promise.resolve()
    },
  }
}
