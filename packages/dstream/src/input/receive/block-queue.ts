import type { Block } from '../../durable/blocks/block.js'
import { UnstorableRecords } from '../../durable/blocks/unstorable-records.js'
import type { MaybePromise } from '../../base/maybe-promise.js'
import type { Clock } from '../../base/ports.js'

const RETRY_MS = 2000

export interface BlockQueueOptions {
  readonly clock: Clock
  /** Resolves when the block is stored. */
  add(block: Block): Promise<void>
  /** Decides about the records that can never be stored. Returns the block without them; `undefined` when nothing is left. */
  withoutUnstorable(block: Block, error: UnstorableRecords): Block | undefined
  onError(message: string, error: unknown): void
}

/**
 * - `idle`: no attempt runs and none is scheduled.
 * - `storing`: an attempt runs; `done` resolves at its end.
 * - `retrying`: the first block could not be stored, and a timer runs to the next attempt.
 * - `closed`: no attempt is begun by a timer any more.
 */
type QueueState =
  | { readonly name: 'idle' | 'closed' }
  | { readonly name: 'storing'; readonly done: Promise<void> }
  | { readonly name: 'retrying'; readonly timer: { cancel(): void } }

/**
 * Stores closed blocks one by one, in order. A block that the storage has refused stays at the head and is tried again
 * every two seconds: if a later block became durable first, its position would promise data that is lost. Records that can
 * never be stored are taken out instead.
 */
export class BlockQueue {
  readonly #options: BlockQueueOptions
  readonly #waiting: Block[] = []
  #state: QueueState = { name: 'idle' }
  /** The attempt at the first block. */
  #first: Promise<boolean> | undefined
  #lastError: unknown

  constructor(options: BlockQueueOptions) {
    this.#options = options
  }

  get waiting(): readonly Block[] {
    return this.#waiting
  }

  /** The error of the last attempt that failed. */
  get lastError(): unknown {
    return this.#lastError
  }

  push(block: Block): void {
    this.#waiting.push(block)
    if (this.#state.name === 'idle') void this.settled()
  }

  /** Resolves when all blocks are stored, or the attempt at the first of them has failed. */
  settled(): Promise<void> {
    if (this.#state.name === 'storing') return this.#state.done
    if (this.#state.name === 'closed' || this.#waiting.length === 0) return Promise.resolve()
    if (this.#state.name === 'retrying') this.#state.timer.cancel()
    const done = this.#store()
    this.#state = { name: 'storing', done }
    return done
  }

  /**
   * Resolves when no block waits for another one to be stored: the last one is on its way. An allocation that is made next comes
   * after it in the journal. Waits for nothing where the storage has refused the first block.
   */
  passedOn(): MaybePromise<void> {
    if (this.#first !== undefined && this.#waiting.length > 1) return this.#first.then(() => this.passedOn())
  }

  /** Ends the attempts; blocks that were not stored stay in `waiting`. */
  close(): void {
    if (this.#state.name === 'retrying') this.#state.timer.cancel()
    this.#state = { name: 'closed' }
  }

  async #store(): Promise<void> {
    let stored = true
    while (stored && this.#waiting.length > 0) stored = await (this.#first = this.#storeFirst())
    this.#first = undefined
    if (this.#state.name === 'closed') return
    this.#state = stored ? { name: 'idle' } : { name: 'retrying', timer: this.#retryTimer() }
  }

  async #storeFirst(): Promise<boolean> {
    const block = this.#waiting[0]!
    try {
      await this.#options.add(block)
    } catch (error) {
      if (error instanceof UnstorableRecords) {
        const rest = this.#options.withoutUnstorable(block, error)
        this.#waiting.splice(0, 1, ...(rest === undefined ? [] : [rest]))
        return true
      }
      this.#lastError = error
      this.#options.onError(`Could not store block ${block.id}, trying again in ${RETRY_MS} ms`, error)
      return false
    }
    this.#waiting.shift()
    return true
  }

  #retryTimer(): { cancel(): void } {
    const { clock } = this.#options
    return clock.setTimer(clock.now() + RETRY_MS, () => void this.settled())
  }
}
