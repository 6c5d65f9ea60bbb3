/** A batch that an output is not done with. */
export interface PendingBatch {
  readonly time: number
  readonly replayed: boolean
  /** Attempts that were begun in this run of the program. */
  attempts: number
  /** Attempts that count against the policy. */
  used: number
  /** Failures in a row; they make the pauses grow. */
  failures: number
  /** The time before which no further attempt begins. */
  dueMs: number
  /** The bytes of its records that are kept for it. */
  bytes: number
  /** The error of the last attempt. */
  error: unknown
  /** An attempt that has timed out and is under way all the same. */
  unsettled: { readonly run: Promise<unknown>; readonly error: unknown } | undefined
}

export function pendingBatch(time: number, replayed: boolean): PendingBatch {
  return {
    time,
    replayed,
    attempts: 0,
    used: 0,
    failures: 0,
    dueMs: -Infinity,
    bytes: 0,
    error: undefined,
    unsettled: undefined,
  }
}

/** The batches that an output is not done with, oldest first, and the bytes that are kept for them. */
export class PendingBatches {
  readonly #order: 'batch' | 'any'
  #batches: PendingBatch[] = []
  #bytes = 0
  /** Called when nothing is pending any more. */
  #waiters: (() => void)[] = []

  /** @param order `any`: the batch that is due first is attempted next, and not the oldest */
  constructor(order: 'batch' | 'any') {
    this.#order = order
  }

  get times(): readonly number[] {
    return this.#batches.map(({ time }) => time)
  }

  get isEmpty(): boolean {
    return this.#batches.length === 0
  }

  get bytes(): number {
    return this.#bytes
  }

  at(time: number): PendingBatch | undefined {
    return this.#batches.find((batch) => batch.time === time)
  }

  /** The batch that is attempted next. */
  next(): PendingBatch | undefined {
    if (this.#order === 'batch') return this.#batches[0]
    let first: PendingBatch | undefined
    for (const batch of this.#batches) if (first === undefined || batch.dueMs < first.dueMs) first = batch
    return first
  }

  push(batch: PendingBatch): void {
    this.#batches.push(batch)
  }

  /** Takes over the batches that an earlier run has left. */
  restore(times: readonly number[]): void {
    this.#batches = [...times.map((time) => pendingBatch(time, true)), ...this.#batches]
  }

  remove(batch: PendingBatch): void {
    this.#bytes -= batch.bytes
    if (this.#batches[0] === batch) this.#batches.shift()
    else this.#batches = this.#batches.filter((other) => other !== batch)
    if (this.isEmpty) this.release()
  }

  /** Notes how many bytes are kept for a batch. */
  keeps(time: number, bytes: number): void {
    const batch = this.at(time)
    if (batch === undefined) return
    this.#bytes += bytes - batch.bytes
    batch.bytes = bytes
  }

  /** Resolves when nothing is pending, or `release` is called. */
  async emptied(): Promise<void> {
    if (!this.isEmpty) await new Promise<void>((resolve) => this.#waiters.push(resolve))
  }

  /** Lets those who wait for the end go on: nothing more will be removed. */
  release(): void {
    for (const resolve of this.#waiters.splice(0)) resolve()
  }
}
