// The messages of the server, and the answers that the page asks for.
import type { SourceView } from '../../observe/job-view.js'

export interface Batch {
  readonly t: number
  readonly status: 'QUEUED' | 'PROCESSING' | 'COMPLETED'
  readonly n: number
  readonly in: readonly number[]
  readonly sd?: number
  readonly pd?: number
  readonly td?: number
  readonly ok: number
  readonly failed: number
  readonly active: number
  readonly error?: string
  readonly commit?: number
  readonly heap?: number
  readonly loop?: number
  readonly buffered?: number
  readonly rate?: number
}

export interface Source extends Omit<SourceView, 'position'> {
  readonly records: number
  readonly restarts: number
  readonly errors: number
  readonly position?: string
  readonly lastInput?: string
}

export interface Output {
  readonly id: string
  readonly index: number
  readonly name: string
  readonly attempts: number
  readonly failures: number
  readonly pendingBatches: number
  readonly pendingBytes: number
  readonly skippedBatches: number
  readonly lastDurationMs?: number
  readonly lastFailureReason?: string
  readonly lastFailureTime?: number
}

export interface PlanNode {
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
  readonly definedAt: { readonly short: string; readonly long: string }
  readonly recordsIn?: number
  readonly recordsOut?: number
  readonly keys?: number
  /** The time in the last batch, in milliseconds. */
  readonly spentMs?: number
  /** The operator whose loop calls this one's function: it has the time. */
  readonly loop?: string
  readonly bytes?: number
  readonly rememberedBatches?: number
  readonly lastDurationMs?: number
}

export interface Plan {
  readonly batchTime?: number
  readonly nodes: readonly PlanNode[]
}

export interface StateTable {
  readonly id: string
  readonly keys: number
  readonly updated: number
  readonly removed: number
  readonly bytes: number
}

export interface Row {
  readonly cells: readonly (string | number)[]
  readonly href?: string
}

export interface Panel {
  readonly job: string
  readonly name: string
  readonly form: 'table' | 'bars' | 'line' | 'number' | 'pictures' | 'log'
  readonly unit?: string
  readonly index: number
  readonly columns: readonly string[]
  readonly batches: readonly { readonly batchTime: number; readonly rows: readonly Row[] }[]
  readonly version: number
}

export interface Progress {
  readonly phase: 'starting' | 'catching-up' | 'running' | 'stopping' | 'stopped' | 'failed'
  readonly failure?: string
  readonly remainingBatches: number
  readonly bufferedRecords: number
  readonly estimatedMs?: number
  readonly work: readonly Work[]
}

/** How far a long piece of work is. */
export interface Work {
  readonly name: string
  readonly done: number
  readonly total?: number
  readonly unit: string
  readonly remainingMs?: number
}

/** The difference between what the page has and what is there now; with `full` it is all of it. */
export interface Message {
  readonly boot: string
  readonly full: boolean
  readonly id: string
  readonly name: string
  readonly batchMs: number
  readonly startTime: number
  readonly now: number
  readonly totals: { readonly completed: number; readonly received: number; readonly processed: number }
  readonly queued: number
  readonly queuedTimes: readonly number[]
  readonly progress: Progress
  readonly batches: readonly Batch[]
  readonly sources: readonly Source[]
  readonly outputs: readonly Output[]
  readonly tables: readonly StateTable[]
  readonly plan: Plan
  readonly apps: readonly { readonly id: string; readonly name: string }[]
  readonly board: readonly Panel[]
}
