import type { Codec } from '../../base/codec.js'
import type { WorkerEnd } from '../../base/ports.js'
import { messageOf } from '../../base/errors/error-text.js'
import { decodeValue, encodeValue } from '../../durable/codec/value-codec.js'
import { accumulatorCalls } from '../../rdd/accumulator.js'
import type { AnyFunction, PartitionSource } from '../../rdd/plan/lineage.js'
import type { CodecAddress } from '../../rdd/plan/records.js'
import type { FunctionAddress } from '../../rdd/plan/stage-runner.js'
import { runtimeOf } from '../../rdd/plan/runtime.js'
import { runTask } from '../../rdd/stages/run-task.js'
import { engineFunctions } from '../../rdd/stages/task.js'
import { functionTable, functionTexts } from '../../streams/graph/function-table.js'
import type { Graph } from '../../streams/graph/graph.js'
import type { TaskFrame, WorkerFrame } from './frames.js'

/** The parts of the job that tasks need, as this worker has built them. */
export interface WorkerJob {
  readonly graph: Graph
  readonly codecAt: (address: CodecAddress) => Codec<unknown> | undefined
  readonly codegen: boolean | 'auto'
}

/** A reason for which a whole stage is left to the thread of the batches. */
class OnlyThere extends Error {}

/** Runs the tasks that come through a port, one after the other. */
export function serveTasks(job: WorkerJob, port: WorkerEnd): void {
  const functions = functionTable(job.graph)
  const worker = new TaskWorker(job, new Map([...functions, ...engineFunctions()]))
  let last: Promise<unknown> = Promise.resolve()
  port.onFrame((frame) => {
    last = last.then(async () => {
      const reply = await worker.run(frame as TaskFrame)
      port.post(reply, reply.type === 'done' ? [reply.table] : [])
    })
  })
  port.post({ type: 'ready', functions: functionTexts(functions) } satisfies WorkerFrame, [])
}

class TaskWorker {
  readonly #job: WorkerJob
  readonly #functions: ReadonlyMap<FunctionAddress, AnyFunction>
  /** Set where a record of the running task did not decode. */
  #hasBadRecord = false

  constructor(job: WorkerJob, functions: ReadonlyMap<FunctionAddress, AnyFunction>) {
    this.#job = job
    this.#functions = functions
  }

  async run({ id, plan, input }: TaskFrame): Promise<WorkerFrame> {
    const callsBefore = accumulatorCalls()
    this.#hasBadRecord = false
    try {
      const part = this.#partOf(input)
      const functionAt = (address: FunctionAddress): AnyFunction => this.#functionAt(address)
      const { table, taken, given } = await runTask(plan, part, functionAt, runtimeOf({ codegen: this.#job.codegen }))
      if (accumulatorCalls() !== callsBefore) throw new OnlyThere('a function uses an accumulator')
      if (this.#hasBadRecord) throw new Error('a record does not decode')
      return { type: 'done', id, table: encodeValue([table.keys, table.values]), taken, given }
    } catch (error) {
      const usesAccumulator = accumulatorCalls() !== callsBefore
      return { type: 'failed', id, forGood: usesAccumulator || error instanceof OnlyThere, reason: messageOf(error) }
    }
  }

  #functionAt(address: FunctionAddress): AnyFunction {
    const f = this.#functions.get(address)
    if (f === undefined) throw new OnlyThere(`there is no function ${address} here`)
    return f
  }

  #partOf(input: TaskFrame['input']): PartitionSource<unknown> {
    if ('chunks' in input) return { records: input.chunks.flatMap((chunk) => decodeValue(chunk) as unknown[]) }
    const codec = this.#job.codecAt(input.codec)
    if (codec === undefined) throw new OnlyThere(`there is no codec ${input.codec.id} here`)
    return { iterate: () => codec.decode(input.bytes, () => (this.#hasBadRecord = true)) }
  }
}
