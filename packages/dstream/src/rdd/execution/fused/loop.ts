import { copyRecord } from '../../../base/values/copy.js'
import { notAPair } from '../../../base/errors/rdd.js'
import { RecordError, type RecordOrigin } from '../../../base/record-error.js'
import { refusedPromise } from '../../../base/promises.js'
import { failOnRecord, refuseItem, type RecordErrorHandler } from '../../plan/record-policy.js'
import { iterableOf } from '../../plan/shapes.js'
import { Cursor } from '../cursor.js'
import type { Pass } from '../../plan/pass.js'
import { compiledLoop, type CompiledLoop, type LoopState } from './cache.js'
import { sinkFunctions, type SinkShape } from './sink.js'
import { inputShape, sizeOf } from './input.js'
import { takesPairs, type Shape } from './source.js'
import { stepOf, type AnyFunction, type LoopInput, type LineageNode } from '../../plan/lineage.js'
import {
  combine,
  isEmpty,
  isFull,
  returnOne,
  takeOne,
  type CollectSink,
  type CombineSink,
  type LoopSink,
} from '../loop-sink.js'

/**
 * The most records of one call of a loop; the first calls of a new loop take fewer. V8 optimises a function as a whole once
 * it is called often. A loop that runs long in its first call is optimised while it runs instead, before V8 knows the code
 * after it, or that its accumulator is a number.
 */
const LONGEST_RUN = 65_536
const FIRST_RUN = 64
/** The records of one call that collects, and of a chunk of collected records. */
export const CHUNK = 4096

/**
 * Runs a chain of steps and its sink as one generated loop. The only calls are those of the user's functions, which V8
 * inlines. The result is that of {@link Interpreter}.
 */
export class FusedLoop implements Pass {
  readonly #inputShape: Shape['input']
  readonly #input: unknown
  /** The number of records of an indexed input. */
  readonly #size: number | undefined
  #functions: readonly AnyFunction[]
  readonly #policy: RecordErrorHandler
  readonly #longest: number
  #loop: CompiledLoop
  #sinkShape: SinkShape
  readonly #state: LoopState

  constructor(
    input: LoopInput,
    readonly steps: readonly LineageNode[],
    readonly sink: LoopSink,
    policy: RecordErrorHandler,
  ) {
    this.#policy = policy
    this.#inputShape = inputShape(input)
    this.#input = this.#inputShape === 'iterator' ? input[Symbol.iterator]() : input
    this.#size = sizeOf(input)
    if (sink.kind === 'combine') takeOne(sink)
    this.#sinkShape = sinkShape(sink)
    this.#longest = sink.kind === 'collect' ? CHUNK : LONGEST_RUN
    this.#functions = this.#functionsOf(this.#sinkShape)
    this.#loop = this.#compiled()
    this.#state = this.#loop.state()
  }

  advance(budget: number): number {
    const state = this.#state
    while (budget > 0) {
      if (this.#done()) return this.#finish(budget)
      const size = this.#sizeOfRun(budget)
      this.#run(size)
      budget -= size - Math.max(state.left, 0)
      if (this.sink.kind === 'combine') takeOne(this.sink)
      const shape = sinkShape(this.sink)
      if (shape !== this.#sinkShape) {
        this.#sinkShape = shape
        this.#functions = this.#functionsOf(shape)
        this.#loop = this.#compiled()
      }
    }
    return this.#done() ? this.#finish(1) : 0
  }

  #sizeOfRun(budget: number): number {
    const { sink } = this
    // The first record of a reduce starts its accumulator; after it, the reduce is a fold.
    if (this.#sinkShape === 'reduce') return 1
    const longest = Math.min(budget, this.#longest, FIRST_RUN << Math.min(this.#loop.runs++, 20))
    // A table may turn out to have one key only.
    return sink.kind === 'combine' && isEmpty(sink) ? Math.min(longest, FIRST_RUN) : longest
  }

  #run(size: number): void {
    const state = this.#state
    const end = this.#size === undefined ? 0 : Math.min(this.#size, state.i + size)
    const { loop, bound } = this.#loop
    const { sink } = this
    if (sink.kind === 'collect') startChunk(sink, this.#loop)
    if (bound) loop(this.#input, state.i, end, size, state, this.sink, this)
    else loop(this.#input, state.i, end, size, state, this.sink, this, ...this.#functions)
  }

  #done(): boolean {
    if (isFull(this.sink)) return true
    return this.#size === undefined ? this.#state.done : this.#state.i >= this.#size
  }

  #finish(left: number): number {
    this.#close()
    if (this.sink.kind === 'combine') returnOne(this.sink)
    const state = this.#state
    this.steps.forEach((step, s) => {
      const [taken, given] = this.#loop.counters[s]!
      step.taken += state[`n${taken}`] as number
      step.given += state[`n${given}`] as number
    })
    return left
  }

  /** Closes all open iterators, the innermost first. */
  #close(): void {
    const state = this.#state
    for (let d = this.steps.length; d > 0; d--) (state[`c${d}`] as Cursor | undefined)?.close()
    if (this.#size === undefined && !state.done) (this.#input as Iterator<unknown>).return?.()
  }

  #functionsOf(shape: SinkShape): readonly AnyFunction[] {
    const ofSink = sinkFunctions[shape].map((name) => (this.sink as never)[name] as AnyFunction)
    return [...this.steps.map((step) => stepOf(step).f), ...ofSink]
  }

  #compiled(): CompiledLoop {
    return compiledLoop(
      {
        input: this.#inputShape,
        ops: this.steps.map((step) => stepOf(step).op),
        sink: this.#sinkShape,
        safe: this.#policy !== undefined,
      },
      this.#functions,
    )
  }

  /** Called by a loop that leaves no record out, when a function threw. `x` and `y` are the two halves of a pair. */
  fail(at: number, x: unknown, y: unknown, cause: unknown): never {
    this.#close()
    const origin = this.#origin(at)
    const ofPair =
      origin !== undefined && takesPairs(at < this.steps.length ? stepOf(this.steps[at]!).op : this.#sinkShape)
    if (origin !== undefined) failOnRecord(origin, ofPair ? [x, y] : x, cause, undefined)
    throw cause
  }

  /** Called by a safe loop when a function threw. Returns if the record is left out. */
  bad(at: number, record: unknown, cause: unknown): void {
    failOnRecord(this.#origin(at)!, record, cause, this.#policy)
  }

  /** Called by the loop for a record that is no pair. */
  noPair(at: number, record: unknown): never {
    const origin = this.#origin(at)!
    const error = notAPair(origin.operator, record)
    throw this.#policy === undefined ? new RecordError(origin, record, error) : error
  }

  /**
   * Called by the loop for a result that holds a promise, before it uses the result. `at` is undefined for a function of the
   * sink. The error counts as thrown by the function.
   */
  promise(at: number = this.steps.length, result: unknown): never {
    throw refusedPromise(this.#origin(at)!.operator, result)
  }

  /** Called by the loop when one of the items of a flatMap result holds a promise. Returns if that item is left out. */
  promiseItem(at: number, record: unknown, item: unknown, items: unknown): void {
    refuseItem(this.#origin(at)!, record, [item, items], this.#policy)
  }

  /** Called by the loop for the first record of a reduce, which its function may change. */
  own(record: unknown): unknown {
    return copyRecord(record)
  }

  /** Called by the loop for a pair whose key is not the only one of the table. */
  combine(key: unknown, value: unknown): void {
    combine(this.sink as CombineSink, key, value)
  }

  /** Called by the loop for a flatMap result that is no array. */
  open(at: number, value: unknown): Cursor {
    return new Cursor(iterableOf(this.#origin(at)!, value))
  }

  #origin(at: number): RecordOrigin | undefined {
    if (at >= 0 && at < this.steps.length) return this.steps[at]
    return at === this.steps.length && 'origin' in this.sink ? this.sink.origin : undefined
  }
}

/** Gives the sink an array to fill, where the one before it is full or nothing is collected yet. */
function startChunk(sink: CollectSink, loop: CompiledLoop): void {
  if (sink.out.length >= CHUNK) sink.chunks.push(sink.out)
  else if (sink.out.length > 0) return
  sink.out = loop.fresh!()
}

function sinkShape(sink: LoopSink): SinkShape {
  switch (sink.kind) {
    case 'reduce':
      return !sink.has ? 'reduce' : typeof sink.acc === 'number' ? 'foldNumber' : 'fold'
    case 'fold':
      return typeof sink.acc === 'number' ? 'foldNumber' : 'fold'
    case 'combine':
      if (sink.one !== undefined) return typeof sink.one.acc === 'number' ? 'combineOneNumber' : 'combineOne'
      if (sink.integers !== undefined) return sink.create === undefined ? 'combineIntegers' : 'combineIntoIntegers'
      return sink.create === undefined ? 'combine' : 'combineInto'
    default:
      return sink.kind
  }
}
