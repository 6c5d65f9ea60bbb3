import type { Codec } from '../../base/codec.js'
import type { Block } from '../../durable/blocks/block.js'
import { contentsOf } from '../../rdd/execution/copies.js'
import { FoldPlan, type BegunFold, type EarlyBatch, type EarlyFold, type Fold } from '../../rdd/execution/early-fold.js'
import type { LoopInput } from '../../rdd/plan/lineage.js'
import type { RDDRuntime } from '../../rdd/plan/runtime.js'
import { Counts } from './counts.js'

export interface EarlyWorkOptions {
  readonly runtime: RDDRuntime
  /** Resolves when no batch is under way. */
  readonly idle: () => Promise<void>
}

/** The batches for which early work rests after so many failures in succession, at most. */
const LONGEST_REST = 64

/** The key under which the records of blocks are counted that have no batch yet. */
const NO_BATCH = 0

/** The blocks that are folded, in order, and their fold. */
interface Begun {
  readonly fold: EarlyFold
  readonly blocks: Block[]
  /** Counts the records of those blocks whose codec cannot count. */
  readonly counts: Counts
}

/**
 * Folds the blocks of a receiver as they are stored, so that a batch begins with the table of most of its blocks. The fold that the
 * last batch has done over the source is taken for the one of the next batch. Once that has been wrong, as where a program makes
 * new functions for each batch, only a fold that two batches in succession have done is.
 *
 * The table goes to the batch whose blocks begin with exactly these; in every other case it is dropped, and the batch does all the work.
 * Objects that the program has emitted wait for the batch, since the program may go on changing them.
 */
export class EarlyWork {
  readonly #options: EarlyWorkOptions
  /** The fold of the last batch, and the number of batches in succession that have done it. */
  #plan: FoldPlan | undefined
  #timesDone = 0
  #timesNeeded = 1
  /** Whether the last batch has done its fold. */
  #isDone = true
  #begun: Begun | undefined
  #waiting: Block[] = []
  /** The blocks that have a batch: one may have it before its receiver knows that it is stored. */
  readonly #allocated = new WeakSet<Block>()
  #isAtWork = false
  #isClosed = false
  #failures = 0
  #rest = 0

  constructor(options: EarlyWorkOptions) {
    this.#options = options
  }

  /** Takes a block that is stored. */
  stored(block: Block): void {
    if (this.#isClosed || this.#allocated.has(block)) return
    this.#waiting.push(block)
    if (this.#mayBegin && !this.#isAtWork) void this.#work()
  }

  /**
   * Returns the early work for a batch with these blocks.
   *
   * @param counted receives the number of records of each block whose codec cannot count, once the batch uses the work
   */
  batch(blocks: readonly Block[], counted: (block: Block, records: number) => void): EarlyBatch {
    this.#noteLastBatch()
    for (const block of blocks) this.#allocated.add(block)
    this.#waiting = this.#waiting.filter((block) => !this.#allocated.has(block))
    let begun = this.#takeBegun(blocks)
    const plan = this.#plan
    return {
      take: (fold) => {
        if (!this.#mayBeEarly(fold)) return undefined
        this.#learn(fold)
        const given = begun
        begun = undefined
        if (given === undefined || plan?.equals(fold) !== true) return undefined
        return this.#finished(given, fold, counted)
      },
    }
  }

  /** Ends the work for good. */
  close(): void {
    this.#isClosed = true
    this.#waiting = []
    this.#begun = undefined
  }

  get #mayBegin(): boolean {
    return this.#timesDone >= this.#timesNeeded && this.#rest === 0 && !this.#isClosed
  }

  /** Forgets the fold where a batch has not done it, as under an output that looks at some batches only. */
  #noteLastBatch(): void {
    if (!this.#isDone) this.#timesDone = 0
    this.#isDone = false
    if (this.#rest > 0) this.#rest--
  }

  #learn(fold: Fold): void {
    this.#isDone = true
    if (this.#plan?.equals(fold) === true) this.#timesDone++
    else {
      if (this.#plan !== undefined) this.#timesNeeded = 2
      this.#plan = new FoldPlan(fold)
      this.#timesDone = 1
    }
  }

  /** Returns the begun work if it is that of a batch, and drops work that belongs to no batch any more. */
  #takeBegun(blocks: readonly Block[]): Begun | undefined {
    const begun = this.#begun
    if (begun === undefined || !begun.blocks.some((block) => this.#allocated.has(block))) return undefined
    this.#begun = undefined
    return begun.blocks.every((block, i) => block === blocks[i]) ? begun : undefined
  }

  async #finished(
    { fold, blocks, counts }: Begun,
    { steps }: Fold,
    counted: (block: Block, records: number) => void,
  ): Promise<BegunFold | undefined> {
    const table = await fold.take(steps)
    if (fold.isRefused) this.close()
    if (table === undefined) {
      this.#rest = Math.min(2 ** this.#failures++, LONGEST_REST)
      return undefined
    }
    this.#failures = 0
    for (const block of blocks) if (block.count === undefined) counted(block, counts.of(NO_BATCH, block.id))
    return table
  }

  async #work(): Promise<void> {
    this.#isAtWork = true
    const { idle } = this.#options
    try {
      for (;;) {
        await idle()
        const block = this.#waiting[0]
        if (block === undefined || !this.#mayBegin || this.#begun?.fold.hasFailed === true || !isFixed(block)) return
        this.#waiting.shift()
        await this.#add(block)
      }
    } finally {
      this.#isAtWork = false
    }
  }

  #add(block: Block): Promise<void> {
    const { runtime, idle } = this.#options
    this.#begun ??= { fold: this.#plan!.begin(runtime, idle), blocks: [], counts: new Counts() }
    const { fold, blocks, counts } = this.#begun
    blocks.push(block)
    return fold.add((giveUp) => recordsOf(block, counts, giveUp))
  }

  #mayBeEarly({ steps, origin }: Fold): boolean {
    // A step without a batch time is one of a function that was given an RDD.
    return !this.#isClosed && [...steps, origin].every(({ time }) => time !== undefined)
  }
}

/** Whether the records of a block cannot change any more. */
function isFixed({ payload }: Block): boolean {
  return !('records' in payload) || contentsOf(payload.records) === 'atoms'
}

/** @param giveUp called for a record that does not decode, which is reported in its batch */
function recordsOf({ payload, count, id }: Block, counts: Counts, giveUp: () => never): LoopInput {
  if ('records' in payload) return payload.records
  const { bytes, codec } = payload as { bytes: Uint8Array; codec: Codec<unknown> }
  const records = codec.decode(bytes, giveUp)
  return count === undefined ? counts.counted(NO_BATCH, id, records) : records
}
