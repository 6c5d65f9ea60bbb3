import type { Codec } from '../../base/codec.js'
import type { SavedForm, Sequence, WorkerEnd } from '../../base/ports.js'
import type { StringLists } from '../../base/string-lists.js'
import { messageOf } from '../../base/errors/error-text.js'
import { errorOf, plainError } from '../../base/errors/plain-error.js'
import { decodeValue, encodeValue } from '../../durable/codec/value-codec.js'
import type { AnyFunction, PartitionSource } from '../../rdd/plan/lineage.js'
import { partitionContext } from '../../rdd/plan/partition-context.js'
import type { CodecAddress } from '../../rdd/plan/records.js'
import type { CallPlan, FunctionAddress, MergePlan, SavePlan, UpdatePlan } from '../../rdd/plan/stage-runner.js'
import { runtimeOf } from '../../rdd/plan/runtime.js'
import {
  runCall,
  runKept,
  runMerge,
  runSave,
  runTask,
  type KeptResult,
  type ReaderResult,
  type TaskHome,
} from '../../rdd/stages/run-task.js'
import { engineFunctions } from '../../rdd/stages/task.js'
import type { RDDFactory } from '../../rdd/rdd.js'
import { functionTable, functionTexts } from '../../streams/graph/function-table.js'
import type { Graph } from '../../streams/graph/graph.js'
import { decodedBlocks, encodedFirsts, encodedTable, tableOrBlocks } from './encoded-blocks.js'
import { decodedChunks, decodedPairs, encodedChunks } from './encoded-input.js'
import type { DriverFrame, KeptReply, ReaderReply, TaskFailure, TaskFrame, WorkerFrame } from './frames.js'
import { OnlyThere, PartWatch } from './part-watch.js'
import { StateCopies } from './state-copies.js'
import { OtherBody, WorkerBodies } from './worker-bodies.js'

/** The parts of the job that tasks need, as this worker has built them. */
export interface WorkerJob {
  readonly graph: Graph
  readonly codecAt: (address: CodecAddress) => Codec<unknown> | undefined
  /** Reads a split of the source of a stream; `undefined` where there is none that can be read here. */
  readonly readSplit: (source: number, split: unknown, reading: SplitReading) => Records | undefined
  /** Writes the part of a saved directory into its folder, and resolves to the name of the file; absent where it cannot. */
  readonly savePart?: ((folder: string, form: SavedForm, records: Sequence<unknown>) => Promise<string>) | undefined
  readonly codegen: boolean | 'auto'
  readonly stringLists: StringLists
  /** Makes the RDDs of functions that are called again here. */
  readonly context: RDDFactory
}

/** The records of a split, at once or later. */
type Records = Iterable<unknown> | AsyncIterable<unknown> | Promise<Iterable<unknown> | AsyncIterable<unknown>>

/** The reply to a task that was done. */
type Result = Extract<
  WorkerFrame,
  { readonly type: 'done' | 'left' | 'merged' | 'called' | 'saved' | 'kept' | 'updated' | 'wanting' }
>
/** The reply to a call. */
type Called = Extract<WorkerFrame, { readonly type: 'called' }>
/** The reply to a part that was saved. */
type Saved = Extract<WorkerFrame, { readonly type: 'saved' }>

interface SplitReading {
  readonly signal: AbortSignal
  bad(record: unknown, error: unknown): void
}

/** Runs the tasks that come through a port, one after the other. */
export function serveTasks(job: WorkerJob, port: WorkerEnd): void {
  const functions = functionTable(job.graph)
  const worker = new TaskWorker(job, new Map([...functions, ...engineFunctions()]))
  let last: Promise<unknown> = Promise.resolve()
  port.onFrame((given, blocks = []) => {
    const frame = given as DriverFrame
    if (frame.type === 'abort') return worker.abort(frame.id, errorOf(frame.reason))
    worker.expect(frame.id)
    last = last.then(async () => {
      const reply = await worker.run(frame, blocks)
      port.post(reply, movedWith(reply), worker.takeLeft())
    })
  })
  port.post({ type: 'ready', functions: functionTexts(functions) } satisfies WorkerFrame, [])
}

/** @throws for records that cannot be encoded */
function keptReply(made: KeptResult): KeptReply {
  const readers = made.readers.map(replyOf)
  const areNeeded = made.keeps || readers.some((reader) => 'reason' in reader)
  const chunks = areNeeded ? [...encodedChunks(made.records.toArray())] : undefined
  return { chunks, readers, taken: made.taken, given: made.given, added: made.added }
}

function replyOf(reader: ReaderResult): ReaderReply {
  try {
    if ('error' in reader) throw reader.error
    if ('readers' in reader) return keptReply(reader)
    const { table, taken, given, added } = reader
    return { table: encodedTable(table), taken, given, added }
  } catch (error) {
    return failureOf(error)
  }
}

function failureOf(error: unknown): TaskFailure {
  const other = error instanceof OtherBody ? error.id : undefined
  return { forGood: error instanceof OnlyThere, reason: messageOf(error), other }
}

/** Returns the bytes of a frame, which are the worker's own and can be moved. */
function movedWith(frame: WorkerFrame): readonly Uint8Array[] {
  if (frame.type === 'done' || frame.type === 'merged') return [frame.table]
  if (frame.type === 'updated') return [...frame.changes, ...(frame.entries ?? []), ...frame.emitted]
  return frame.type === 'kept' ? bytesOf(frame) : []
}

function bytesOf(reply: ReaderReply): readonly Uint8Array[] {
  if ('table' in reply) return [reply.table]
  return 'readers' in reply ? [...(reply.chunks ?? []), ...reply.readers.flatMap(bytesOf)] : []
}

class TaskWorker {
  readonly #job: WorkerJob
  readonly #home: TaskHome
  readonly #bodies: WorkerBodies
  readonly #copies: StateCopies
  /** The tasks that have come and are not done, which can be aborted. */
  readonly #expected = new Map<number, AbortController>()
  /** Set where a record of the running task did not decode. */
  #hasBadRecord = false
  /** The records that the running task has read of a split. */
  #read: number | undefined
  /** The blocks that the last task has left. */
  #left: readonly Uint8Array[] = []

  constructor(job: WorkerJob, functions: ReadonlyMap<FunctionAddress, AnyFunction>) {
    this.#job = job
    this.#bodies = new WorkerBodies(job.graph, job.context)
    const functionAt = (address: FunctionAddress): AnyFunction => {
      const f = functions.get(address) ?? this.#bodies.functionAt(address)
      if (f === undefined) throw new OnlyThere(`there is no function ${address} here`)
      return f
    }
    this.#home = { functionAt, runtime: runtimeOf({ codegen: job.codegen }) }
    this.#copies = new StateCopies(job.graph)
  }

  expect(id: number): void {
    this.#expected.set(id, new AbortController())
  }

  abort(id: number, reason: Error): void {
    this.#expected.get(id)?.abort(reason)
  }

  /** Returns the blocks that the last task has left, and forgets them. */
  takeLeft(): readonly Uint8Array[] {
    const left = this.#left
    this.#left = []
    return left
  }

  /** @param blocks those that others have left for the task */
  async run(frame: TaskFrame, blocks: readonly Uint8Array[]): Promise<WorkerFrame> {
    const { id } = frame
    const watch = new PartWatch(frame.broadcasts ?? [])
    this.#hasBadRecord = false
    this.#read = undefined
    this.#bodies.begin(frame.bodies)
    try {
      const reply = await this.#reply(frame, blocks, watch)
      if (this.#hasBadRecord) throw new Error('a record does not decode')
      return reply
    } catch (thrown) {
      const error = watch.failed(thrown)
      this.#left = []
      return { type: 'failed', id, ...failureOf(error) }
    } finally {
      this.#expected.delete(id)
    }
  }

  async #reply(frame: TaskFrame, blocks: readonly Uint8Array[], watch: PartWatch): Promise<Result> {
    const { id, plan, input } = frame
    if ('state' in plan) return this.#update(frame, plan, { blocks, watch })
    if ('combiners' in plan) return this.#merge(id, plan, blocks, watch)
    const part = this.#partOf(id, input)
    if ('readers' in plan) {
      const made = await runKept(plan, part, this.#home, watch)
      return { type: 'kept', id, ...keptReply(made), read: this.#read }
    }
    watch.begin()
    if ('call' in plan) {
      const called = await this.#call(frame, plan, part)
      return { ...called, added: watch.end() }
    }
    if ('save' in plan) {
      const saved = await this.#save(frame, plan, part)
      return { ...saved, added: watch.end() }
    }
    const { table, taken, given } = await runTask(plan, part, this.#home)
    const { partition, division } = frame
    const encoded = division === undefined ? encodedTable(table) : tableOrBlocks(table, partition, division)
    const counts = { id, taken, given, read: this.#read, added: watch.end() }
    if (!Array.isArray(encoded)) return { type: 'done', table: encoded, ...counts }
    this.#left = encoded
    return { type: 'left', pairs: table.size, ...counts }
  }

  async #merge(id: number, plan: MergePlan, blocks: readonly Uint8Array[], watch: PartWatch): Promise<Result> {
    watch.begin()
    const { table, firsts } = await runMerge(plan, decodedBlocks(blocks), this.#home)
    return { type: 'merged', id, table: encodedTable(table), firsts: encodedFirsts(firsts), added: watch.end() }
  }

  async #update(
    { id, input }: TaskFrame,
    plan: UpdatePlan,
    { blocks, watch }: { readonly blocks: readonly Uint8Array[]; readonly watch: PartWatch },
  ): Promise<Result> {
    if (!('state' in input)) throw new OnlyThere('an update has no state')
    const { chunks, state } = input
    const { merge } = state
    const merged = async (plan: MergePlan) => (await runMerge(plan, decodedBlocks(blocks), this.#home)).table
    const pairs = () => (merge === undefined ? decodedPairs(chunks) : merged(merge))
    watch.begin()
    const updated = await this.#copies.update(plan, state, { pairs, end: () => watch.end() })
    return updated === undefined ? { type: 'wanting', id } : { type: 'updated', id, ...updated }
  }

  async #call(frame: TaskFrame, plan: CallPlan, part: PartitionSource<unknown>): Promise<Called> {
    const { id, partition, attempt } = frame
    const { signal } = this.#expected.get(id)!
    const context = partitionContext(attempt!, partition, () => signal)
    const mayCall = (): void => {
      signal.throwIfAborted()
      // A record that is left out here would be missing in its count and its dead letters.
      if (this.#hasBadRecord) throw new Error('a record does not decode')
    }
    const { taken, given, failure, returned } = await runCall(plan, part, this.#home, { context, mayCall })
    const threw = failure && plainError(failure.error)
    const result = plan.returns === true && failure === undefined ? encodeValue(returned) : undefined
    return { type: 'called', id, taken, given, read: this.#read, threw, returned: result }
  }

  async #save({ id, folder }: TaskFrame, plan: SavePlan, part: PartitionSource<unknown>): Promise<Saved> {
    const { savePart } = this.#job
    if (savePart === undefined) throw new OnlyThere('this worker reaches no file systems of URIs')
    const { signal } = this.#expected.get(id)!
    const saved = await runSave(plan, part, this.#home, (form, records) => {
      signal.throwIfAborted()
      return savePart(folder!, form, records)
    })
    return { type: 'saved', id, ...saved, read: this.#read }
  }

  #partOf(id: number, input: TaskFrame['input']): PartitionSource<unknown> {
    if ('split' in input) return { load: () => this.#load(id, input.source, decodeValue(input.split)) }
    if ('chunks' in input) return { records: decodedChunks(input.chunks, this.#job.stringLists) }
    const codec = this.#job.codecAt(input.codec)
    if (codec === undefined) throw new OnlyThere(`there is no codec ${input.codec.id} here`)
    return { iterate: () => codec.decode(input.bytes, () => (this.#hasBadRecord = true)) }
  }

  async *#load(id: number, source: number, split: unknown): AsyncIterable<unknown> {
    const { signal } = this.#expected.get(id)!
    const given = this.#job.readSplit(source, split, { signal, bad: () => (this.#hasBadRecord = true) })
    if (given === undefined) throw new OnlyThere(`there is no source ${source} that can be read here`)
    this.#read = 0
    for await (const record of await given) {
      this.#read++
      yield record
    }
  }
}
