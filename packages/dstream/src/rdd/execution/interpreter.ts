import { copyRecord } from '../../base/values/copy.js'
import { holdsPromise, settled, settledRecord } from '../../base/promises.js'
import { failOnRecord, refuseItem, type RecordErrorHandler } from '../plan/record-policy.js'
import { iterableOf, pairOf } from '../plan/shapes.js'
import type { Pass } from '../plan/pass.js'
import { stepOf, type LoopInput, type LineageNode } from '../plan/lineage.js'
import { combine, isFull, type LoopSink } from './loop-sink.js'

/** An iterable being read: the partition itself (`step` −1), or the result of a flatMap function. */
interface Level {
  readonly items: Iterator<unknown>
  readonly step: number
  /** The result of the flatMap function. */
  readonly result?: unknown
  /** The record that the flatMap function was called with. */
  readonly record: unknown
  /** The key that flatMapValues pairs with each item. */
  readonly key?: { readonly of: unknown }
}

/**
 * Runs a chain record by record and step by step. It defines the meaning of a plan and is written to be read: the generated
 * loops are tested against it. It runs in their place where code may not be generated.
 */
export class Interpreter implements Pass {
  readonly #levels: Level[]
  readonly #taken: number[]
  readonly #given: number[]

  constructor(
    input: LoopInput,
    readonly steps: readonly LineageNode[],
    readonly sink: LoopSink,
    readonly policy: RecordErrorHandler,
  ) {
    this.#levels = [{ items: input[Symbol.iterator](), step: -1, record: undefined }]
    this.#taken = steps.map(() => 0)
    this.#given = steps.map(() => 0)
  }

  advance(budget: number): number {
    try {
      while (this.#levels.length > 0 && !isFull(this.sink)) {
        if (budget-- <= 0) return 0
        this.#next()
      }
    } catch (error) {
      this.#close()
      throw error
    }
    this.#close()
    this.#count()
    return Math.max(budget, 1)
  }

  #next(): void {
    const level = this.#levels.at(-1)!
    let item: IteratorResult<unknown>
    try {
      item = level.items.next()
    } catch (error) {
      this.#levels.pop()
      if (level.step < 0) throw error
      return failOnRecord(this.steps[level.step]!, level.record, error, this.policy)
    }
    if (item.done === true) return void this.#levels.pop()
    if (level.step >= 0) {
      this.#given[level.step]!++
      const step = this.steps[level.step]!
      if (holdsPromise(item.value)) {
        return refuseItem(step, level.record, [item.value, level.result], this.policy)
      }
    }
    this.#pass(level.key === undefined ? item.value : [level.key.of, item.value], level.step + 1)
  }

  /** Passes one record through the steps from `from` on, until one drops it or expands it, or it reaches the sink. */
  #pass(record: unknown, from: number): void {
    for (let s = from; s < this.steps.length; s++) {
      const step = this.steps[s]!
      this.#taken[s]!++
      try {
        const result = apply(step, record)
        if (result === DROPPED) return
        if (result instanceof Expanded) {
          const items = iterableOf(step, result.items)[Symbol.iterator]()
          this.#levels.push({ items, step: s, record, result: result.items, ...(result.key && { key: result.key }) })
          return
        }
        record = result
      } catch (error) {
        return failOnRecord(step, record, error, this.policy)
      }
      this.#given[s]!++
    }
    try {
      deliver(this.sink, record)
    } catch (error) {
      if (!('origin' in this.sink)) throw error
      failOnRecord(this.sink.origin, record, error, this.policy)
    }
  }

  #close(): void {
    for (const { items } of this.#levels.splice(0).reverse()) items.return?.()
  }

  #count(): void {
    this.steps.forEach((step, s) => {
      step.taken += this.#taken[s]!
      step.given += this.#given[s]!
      this.#taken[s] = this.#given[s] = 0
    })
  }
}

const DROPPED = Symbol('dropped')

class Expanded {
  constructor(
    readonly items: unknown,
    readonly key?: { readonly of: unknown },
  ) {}
}

function apply(step: LineageNode, record: unknown): unknown {
  const { op, f } = stepOf(step)
  switch (op) {
    case 'map':
      return settledRecord(step.operator, f(record))
    case 'filter':
      return settled(step.operator, f(record)) ? record : DROPPED
    case 'tap':
      settled(step.operator, f(record))
      return record
    case 'flatMap':
      return new Expanded(f(record))
    case 'keys':
      return pairOf(step, record)[0]
    case 'values':
      return pairOf(step, record)[1]
  }
  const [key, value] = pairOf(step, record)
  return op === 'mapValues' ? [key, settledRecord(step.operator, f(value))] : new Expanded(f(value), { of: key })
}

function deliver(sink: LoopSink, record: unknown): void {
  switch (sink.kind) {
    case 'collect':
    case 'take':
      sink.out.push(record)
      return
    case 'count':
      sink.n++
      return
    case 'foreach':
      settled(sink.origin.operator, sink.f(record))
      return
    case 'fold':
      sink.acc = settled(sink.origin.operator, sink.f(sink.acc, record))
      return
    case 'reduce':
      sink.acc = sink.has ? settled(sink.origin.operator, sink.f(sink.acc, record)) : copyRecord(record)
      sink.has = true
      return
    case 'bucket': {
      const [key] = pairOf(sink.origin, record)
      sink.buckets[sink.partitionOf(key)]!.push(record)
      return
    }
    case 'combine': {
      const [key, value] = pairOf(sink.origin, record)
      combine(sink, key, value)
    }
  }
}
