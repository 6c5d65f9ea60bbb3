import type { Block } from '../blocks/block.js'
import type { Allocation, SourceRange } from '../blocks/ledger.js'

export type { Allocation, SourceRange }

/**
 * Where received blocks become safe and are given to batches. Every change is logged first and applied then, so that
 * what lives is what a recovery finds. The volatile one (no checkpoint directory) only applies.
 */
export interface Journal {
  /**
   * Returns when a value can be stored; absent where nothing is.
   * @throws `state-not-storable`
   */
  readonly mustBeStorable?: (value: unknown) => void
  /**
   * Resolves when the block is durable; from then on the next allocation takes it.
   * @throws `UnstorableRecords` for records that can never be stored; any other error may pass
   */
  addBlock(block: Block): Promise<void>
  /**
   * Gives every block that waits, of all streams, and the ranges to the batch. A batch that has an allocation keeps it.
   *
   * @param isHeldBack gives no blocks; they wait on
   */
  allocate(time: number, ranges?: ReadonlyMap<string, SourceRange>, isHeldBack?: boolean): Promise<Allocation>
  /** `undefined` for a batch that has none, or that is forgotten. */
  allocation(time: number): Allocation | undefined
  /** All allocations that are not forgotten, in order of time. */
  allocations(): readonly Allocation[]
  /** Blocks that no batch has yet. */
  waiting(): readonly Block[]
  /** Where the receiver of this stream stood after its last durable block, of an earlier life too. */
  position(streamId: number): unknown
  /** The batches up to and with this time are needed no more. Call it after the commit that says so (`forget`). */
  forget(until: number): Promise<void>
}
