import type { CodecAddress } from '../../rdd/plan/records.js'
import type { FunctionAddress, StagePlan } from '../../rdd/plan/stage-runner.js'

/** A partition that a worker is to combine. Its records are bytes as they were received, or encoded in chunks. */
export interface TaskFrame {
  readonly type: 'task'
  readonly id: number
  readonly plan: StagePlan
  readonly input: EncodedInput
}

export type EncodedInput =
  { readonly chunks: readonly Uint8Array[] } | { readonly bytes: Uint8Array; readonly codec: CodecAddress }

/** A frame of a worker. All frames are plain data and bytes: they can go to another thread, process or machine. */
export type WorkerFrame =
  /** The worker has built the graph of the job. `functions` are the texts of its functions by address. */
  | { readonly type: 'ready'; readonly functions: Readonly<Record<FunctionAddress, string>> }
  /** The encoded columns of a partition's table, with the counts of its steps. */
  | {
      readonly type: 'done'
      readonly id: number
      readonly table: Uint8Array
      readonly taken: readonly number[]
      readonly given: readonly number[]
    }
  /** The task can only be done where the batch is. `forGood` says that this is so for all partitions of the stage. */
  | { readonly type: 'failed'; readonly id: number; readonly forGood: boolean; readonly reason: string }
