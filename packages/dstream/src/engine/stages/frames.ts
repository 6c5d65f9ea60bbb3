import type { BroadcastDigests } from '../../rdd/plan/broadcasts.js'
import type { CodecAddress } from '../../rdd/plan/records.js'
import type { PlainError } from '../../base/errors/plain-error.js'
import type { ChangeCounts } from '../../base/values/encoded-changes.js'
import type {
  AnyPlan,
  BodyRun,
  CalledAttempt,
  Division,
  FunctionAddress,
  MergePlan,
} from '../../rdd/plan/stage-runner.js'

/**
 * A partition that a worker is to combine, to make for several readers, to call an output's function with or to save, or a partition
 * of a state that it is to update. Its records are bytes as they were received, encoded in chunks, or to be read.
 */
export interface TaskFrame {
  readonly type: 'task'
  readonly id: number
  readonly partition: number
  readonly plan: AnyPlan
  readonly input: EncodedInput
  /** Set for a call. */
  readonly attempt: CalledAttempt | undefined
  /** Set for a part of a saved directory: the URI of the folder for it. */
  readonly folder: string | undefined
  /** Set where a large table is divided. */
  readonly division?: Division | undefined
  readonly broadcasts: BroadcastDigests | undefined
  readonly bodies: readonly BodyRun[] | undefined
}

/** The result of a task is not waited for any longer. The worker replies to the task all the same. */
export interface AbortFrame {
  readonly type: 'abort'
  readonly id: number
  readonly reason: PlainError
}

/** A frame for a worker. */
export type DriverFrame = TaskFrame | AbortFrame

/** The update of a partition of a state, for a worker that has a copy of the partition or gets one. */
export interface EncodedState {
  /** The batch time in milliseconds. */
  readonly time: number
  /** The name of the copy that the update builds on. */
  readonly on: string
  /** How blocks are merged that a map side has left, where the pairs are in these. */
  readonly merge?: MergePlan | undefined
  /** The partition, for a worker that does not have that copy: the batch time of a version, and its entries in pieces. */
  readonly base?: EncodedBase | undefined
  /** Whether the entries before the update are to come back as well. */
  readonly wantsEntries?: boolean | undefined
}

export interface EncodedBase {
  readonly version: number | undefined
  readonly pieces: readonly Uint8Array[]
  /** The changes of later batches, where the driver keeps the partition in this form. */
  readonly deltas?: readonly { readonly version: number; readonly pieces: readonly Uint8Array[] }[] | undefined
}

export type EncodedInput =
  /** The pairs for a partition of a state, as columns. */
  | { readonly chunks: readonly Uint8Array[]; readonly state: EncodedState }
  | { readonly chunks: readonly Uint8Array[] }
  | { readonly bytes: Uint8Array; readonly codec: CodecAddress }
  /** The number of a stream, and an encoded split of its source. */
  | { readonly source: number; readonly split: Uint8Array }

/** Where the keys of a merged table came first, in their order. */
export interface EncodedFirsts {
  /** The partitions of the map side, and how many keys each was the first to bring. */
  readonly counts: readonly (readonly [partition: number, count: number])[]
  /** The places of the keys, packed. */
  readonly places: readonly Uint8Array[]
}

/** The records of a partition in encoded chunks, where they go back, and what their readers have made of them. */
export interface KeptReply extends PartReply {
  readonly chunks: readonly Uint8Array[] | undefined
  readonly readers: readonly ReaderReply[]
}

/** The counts of the steps of a part of a task, and its encoded additions to accumulators. */
interface PartReply {
  readonly taken: readonly number[]
  readonly given: readonly number[]
  readonly added?: Uint8Array | undefined
}

/**
 * What a reader of kept records has made of a partition: the encoded columns of a map side, or further records; a reason where it
 * has failed.
 */
export type ReaderReply = KeptReply | (PartReply & { readonly table: Uint8Array }) | TaskFailure

/** A task, or a part of one, can only be done where the batch is. */
export interface TaskFailure {
  /** Whether this is so for all partitions of the stage. */
  readonly forGood: boolean
  readonly reason: string
  /** The operator whose function over RDDs has built something else in the worker. */
  readonly other?: string | undefined
}

/** A frame of a worker. All frames are plain data and bytes: they can go to another thread, process or machine. */
export type WorkerFrame =
  /** The worker has built the graph of the job. `functions` are the texts of its functions by address. */
  | { readonly type: 'ready'; readonly functions: Readonly<Record<FunctionAddress, string>> }
  /** The encoded columns of a partition's table, with the counts of its steps, and of the records that were read of a split. */
  | (PartReply & {
      readonly type: 'done'
      readonly id: number
      readonly table: Uint8Array
      readonly read?: number | undefined
    })
  /** The table of a partition, divided: its blocks stay where the worker is. */
  | (PartReply & {
      readonly type: 'left'
      readonly id: number
      /** The pairs of the table. */
      readonly pairs: number
      readonly read?: number | undefined
    })
  /** The blocks of a bucket were merged. */
  | {
      readonly type: 'merged'
      readonly id: number
      readonly table: Uint8Array
      readonly firsts: EncodedFirsts
      readonly added?: Uint8Array | undefined
    }
  /** A partition was made for several readers. */
  | (KeptReply & { readonly type: 'kept'; readonly id: number; readonly read?: number | undefined })
  /** The function of an output was called with the partition. */
  | (PartReply & {
      readonly type: 'called'
      readonly id: number
      readonly read?: number | undefined
      /** The error that the function threw. */
      readonly threw?: PlainError | undefined
      /** What the function returned, encoded, where that is wanted. */
      readonly returned?: Uint8Array | undefined
    })
  /** The partition was written as a part of a saved directory, into a file of this name. */
  | (PartReply & {
      readonly type: 'saved'
      readonly id: number
      readonly file: string
      readonly read?: number | undefined
    })
  /** A partition of a state was updated: the name of the copy that the worker has now, the changes, and what the update emits. */
  | {
      readonly type: 'updated'
      readonly id: number
      readonly copy: string
      readonly changes: readonly Uint8Array[]
      readonly counts: ChangeCounts
      /** The entries before the update, where they were asked for. */
      readonly entries?: readonly Uint8Array[] | undefined
      readonly emitted: readonly Uint8Array[]
      readonly added?: Uint8Array | undefined
    }
  /** The worker has not the copy that the update of a state's partition builds on. */
  | { readonly type: 'wanting'; readonly id: number }
  | (TaskFailure & { readonly type: 'failed'; readonly id: number })
