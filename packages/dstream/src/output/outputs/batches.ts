import type { OutputSpec } from '../../streams/graph/output.js'
import type { Operator } from '../../streams/graph/operator.js'
import type { RDD } from '../../rdd/rdd.js'
import { Time } from '../../base/time/time.js'
import type { UserCode, UserLoop } from '../../base/user-code.js'

/** One batch of `batches()`. */
export interface Batch<T> {
  /** The end of the interval of the batch. */
  time: Time
  records: T[]
}

interface Handover<T> {
  readonly batch: Batch<T>
  readonly taken: () => void
}

interface Ask<T> {
  readonly resolve: (result: IteratorResult<Batch<T>, undefined>) => void
  readonly reject: (error: unknown) => void
}

const DONE = { done: true, value: undefined } as const

/**
 * Returns an output operation and the async iterable that reads it. Each batch is handed over when a loop asks for the next
 * one, so a slow loop slows the batches; the first batch waits for the first loop. Every loop gets all batches from its
 * beginning on. A loop ends when the context has stopped, and throws the error that has stopped it; after the last loop is
 * left early, batches run on unread.
 *
 * @param userCode knows the loops that are at a batch: a stop that is awaited there must not wait for them
 * @param failure returns the error that has ended the context, if one has
 */
export function batches<T>(
  parent: Operator<T>,
  userCode: UserCode,
  failure: () => { readonly error: unknown } | undefined = () => undefined,
): { output: OutputSpec; iterable: AsyncIterable<Batch<T>> } {
  const loops = new Set<Loop<T>>()
  /** Batches that no loop has begun to read yet. */
  let unread: Handover<T>[] | undefined = []
  let ended = false

  const offer = (batch: Batch<T>): Promise<unknown> => {
    if (unread !== undefined) return new Promise<void>((taken) => unread!.push({ batch, taken }))
    const copy = (): Batch<T> => (loops.size === 1 ? batch : { time: batch.time, records: [...batch.records] })
    return Promise.all([...loops].map((loop) => new Promise<void>((taken) => loop.hand({ batch: copy(), taken }))))
  }
  const output: OutputSpec = {
    kind: 'batches',
    params: {},
    parent,
    handsOutRDD: false,
    run: async (rdd, time) => {
      if (ended || (unread === undefined && loops.size === 0)) return
      await offer({ time: new Time(time), records: await (rdd as RDD<T>).collect() })
    },
    close: () => {
      ended = true
      for (const { taken } of unread ?? []) taken()
      for (const loop of loops) loop.end(failure())
      return Promise.resolve()
    },
  }
  const begin = (): Loop<T> => {
    const loop: Loop<T> = new Loop(userCode.loop(), () => void loops.delete(loop))
    loops.add(loop)
    for (const handover of unread ?? []) loop.hand(handover)
    unread = undefined
    if (ended) loop.end(failure())
    return loop
  }
  return { output, iterable: { [Symbol.asyncIterator]: begin } }
}

/** One loop over the batches. Asks are answered in order, as those of an async generator are. */
class Loop<T> implements AsyncIterableIterator<Batch<T>, undefined> {
  readonly #code: UserLoop
  readonly #left: () => void
  readonly #batches: Handover<T>[] = []
  readonly #asks: Ask<T>[] = []
  #ended = false
  #failure: { readonly error: unknown } | undefined

  /** @param left called once, when the loop takes no more */
  constructor(code: UserLoop, left: () => void) {
    this.#code = code
    this.#left = left
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<Batch<T>, undefined>> {
    this.#code.asks(this.next)
    return new Promise((resolve, reject) => {
      this.#asks.push({ resolve, reject })
      this.#answer()
    })
  }

  /** Leaves the loop at once; asks that still wait are done. */
  return(): Promise<IteratorReturnResult<undefined>> {
    this.end(undefined)
    return Promise.resolve(DONE)
  }

  throw(error?: Error): Promise<never> {
    this.end(undefined)
    return Promise.reject(error!)
  }

  hand(handover: Handover<T>): void {
    this.#batches.push(handover)
    this.#answer()
  }

  end(failure: { readonly error: unknown } | undefined): void {
    if (this.#ended) return
    this.#ended = true
    this.#failure = failure
    this.#code.ends()
    for (const { taken } of this.#batches.splice(0)) taken()
    this.#left()
    this.#answer()
  }

  #answer(): void {
    while (this.#asks.length > 0) {
      const next = this.#batches.shift()
      if (next === undefined && !this.#ended) return
      const ask = this.#asks.shift()!
      const failure = this.#failure
      this.#failure = undefined
      next?.taken()
      if (next !== undefined) {
        if (!this.#ended && this.#asks.length === 0) this.#code.isGiven()
        ask.resolve({ done: false, value: next.batch })
      } else if (failure !== undefined) ask.reject(failure.error)
      else ask.resolve(DONE)
    }
  }
}
