import type { Block } from '../blocks/block.js'
import type { Allocation, SourceRange } from '../blocks/ledger.js'

export type { Allocation, SourceRange }

/**
 * Makes received blocks safe and gives them to batches. Every change is logged first and applied then, so that the
 * running state is the one that a recovery finds. The volatile journal (no checkpoint directory) only applies.
 */
export interface Journal {
  /**
   * Returns if a value can be stored; absent from a journal that stores nothing.
   * @throws `state-not-storable`
   */
  readonly mustBeStorable?: (value: unknown) => void
  /**
   * Resolves when the block is durable; the next allocation then takes it.
   * @throws `UnstorableRecords` for records that can never be stored; any other error may pass
   */
  addBlock(block: Block): Promise<void>
  /**
   * Gives the ranges and all waiting blocks of all streams to the batch, those included that are on their way to the disk: they
   * become durable with the allocation. A batch that has an allocation keeps it.
   *
   * @param isHeldBack leaves the blocks waiting
   */
  allocate(time: number, ranges?: ReadonlyMap<string, SourceRange>, isHeldBack?: boolean): Promise<Allocation>
  /** Returns `undefined` for a batch that has no allocation, or is forgotten. */
  allocation(time: number): Allocation | undefined
  /** Returns all allocations that are not forgotten, in order of time. */
  allocations(): readonly Allocation[]
  /** Returns the blocks that have no batch yet. */
  waiting(): readonly Block[]
  /** Returns the receiver's position after its last durable block, in this run or an earlier one. */
  position(streamId: number): unknown
  /** Forgets the batches up to and including this time. Call it after the commit that says so (`forget`). */
  forget(until: number): Promise<void>
}
