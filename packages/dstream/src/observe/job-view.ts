import type { Board } from './board.js'
import type { JobMetrics } from './job-metrics.js'
import type { WorkFigures } from './long-work.js'
import type { WriteFigures } from './metered-storage.js'

/** Where a job stands in its life. */
export type JobPhase = 'starting' | 'catching-up' | 'running' | 'stopping' | 'stopped' | 'failed'

/** One operator or output of the graph, with its place in the program. Times are milliseconds. */
export interface JobNode {
  readonly id: string
  readonly kind: string
  readonly name: string
  readonly parents: readonly string[]
  readonly params: Readonly<Record<string, unknown>>
  readonly slideMs: number
  readonly rememberMs: number
  readonly stateful: boolean
  readonly output: boolean
  readonly source: boolean
  /** For an output its index, as `OutputOperationInfo.id`. */
  readonly outputIndex?: number
  readonly definedAt: { readonly short: string; readonly long: string }
}

/** One source as it is now. */
export interface SourceView {
  readonly streamId: number
  readonly name: string
  /** The id of its operator. */
  readonly operator: string
  readonly hasReceiver: boolean
  readonly active: boolean
  readonly lastErrorTime: number
  readonly lastErrorMessage: string
  readonly lastError: string
  /** The records and bytes that a receiver holds, with their bounds. */
  readonly buffer?: {
    readonly records: number
    readonly bytes: number
    readonly maxRecords?: number | undefined
    readonly maxBytes?: number | undefined
  }
  /** The limit on the rate in records per second; absent without one. */
  readonly rateLimit?: number
  /** The data that no batch has planned yet, in what the source counts. */
  readonly lag?: { readonly records?: number; readonly bytes?: number; readonly files?: number }
  /** The files of a stream of files; the first of those that are passed over are named. */
  readonly files?: {
    readonly read: number
    readonly numPassedOver: number
    readonly passedOver: readonly { readonly path: string; readonly reason: string }[]
  }
  /** The position from which the source would go on, as plain data. */
  readonly position?: unknown
}

/** One table of state as of the last committed batch. */
export interface TableFigures {
  /** The id of the operator, with the name of the table where the operator has several. */
  readonly id: string
  readonly operator: string
  readonly table: string
  readonly keys: number
  /** The approximate length of its entries as they are stored. */
  readonly bytes: number
}

/** The batches of an operator that later batches read again. */
export interface HeldBatches {
  readonly batches: number
  /** Their approximate length as it is stored; absent for a source, whose data is in the journal. */
  readonly bytes?: number | undefined
}

/** One key of a table. */
export interface StateRow {
  readonly key: unknown
  readonly value: unknown
}

/** The answer to a question about a table. */
export interface StateAnswer {
  readonly batchTime: number
  readonly keys: number
  /** The rows looked at before the answer was cut off; all keys in most cases. */
  readonly scanned: number
  readonly rows: readonly StateRow[]
}

/** A question about a table: one key, or the first rows by a column. */
export interface StateQuestion {
  /** The key as text, or as JSON. */
  readonly key?: string | undefined
  /** The path of a number inside the values, such as `posts`; the empty path is the value itself. */
  readonly by?: string | undefined
  readonly limit: number
}

/** What a restart of the same program would do with what is stored, in the words of `dstream checkpoint plan`. */
export interface RestartView {
  readonly kept: readonly string[]
  readonly migrated: readonly string[]
  readonly new: readonly string[]
  readonly dropped: readonly string[]
  /** The reason for which the start would be refused. */
  readonly refusal?: string
}

/** The checkpoint of a job. */
export interface StorageView {
  readonly location: string
  readonly writes: readonly WriteFigures[]
  /** Absent before the first commit. */
  readonly restart?: RestartView
}

/** A view of one job for pages and metrics: everything can be read, nothing can be changed. */
export interface JobView {
  /** The id of the application: its name with the time of its start. */
  readonly id: string
  readonly name: string
  readonly batchMs: number
  /** The time at which the context was started, in milliseconds since the epoch. */
  readonly startTime: number
  readonly metrics: JobMetrics
  readonly board: Board
  phase(): JobPhase
  /** The error that has ended the job, as text. */
  failure(): string | undefined
  /** The long pieces of work that are under way. */
  work(): readonly WorkFigures[]
  /** The time on the clock of the job, in milliseconds since the epoch. */
  now(): number
  /** The batch times that are due and have not begun, oldest first; at most `limit` of them. */
  queued(limit: number): readonly number[]
  /** The number of batches that are due and have not begun. */
  numQueued(): number
  nodes(): readonly JobNode[]
  sources(): readonly SourceView[]
  tables(): readonly TableFigures[]
  /** The batches that are held for later ones, by operator; only of operators that hold any. */
  held(): ReadonlyMap<string, HeldBatches>
  /** Answers a question about a table; `undefined` for an unknown one. */
  ask(table: string, question: StateQuestion): Promise<StateAnswer | undefined>
  /** The writes to the checkpoint; `undefined` without one. */
  storage(): StorageView | undefined
  /** The options of the context as text, with secrets masked. */
  options(): Readonly<Record<string, string>>
}
