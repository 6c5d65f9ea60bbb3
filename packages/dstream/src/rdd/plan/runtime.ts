import type { RecordError } from '../../base/record-error.js'
import type { Accumulators } from './accumulators.js'
import type { Broadcasts } from './broadcasts.js'
import type { Profile } from './profile.js'
import type { RecordErrorHandler } from './record-policy.js'
import type { StageRunner } from './stage-runner.js'
import type { Clock, Logger, RDDFiles, Yielder } from '../../base/ports.js'

/** The services that evaluation needs. */
export interface RDDRuntime {
  readonly yielder: Yielder
  /** Runs chains as generated loops; `auto` does so where the process allows it. The results are the same. */
  readonly codegen: boolean | 'auto'
  /** Called when a user's function threw on a record. Without it every such error fails the evaluation, at no cost per record. */
  readonly onRecordError?: RecordErrorHandler
  /** Called for a record that a codec could not decode and left out. */
  onBadRecord(record: unknown, error: unknown): void
  /**
   * Leaves out a record, as a step of its own rules has decided: counts it, logs it, and gives it to its dead letters.
   * @param target the dead letters; `undefined` for none
   * @throws `dead-letters-not-attached`
   */
  leaveOut?(error: RecordError, place: string, target: object | undefined): void
  /**
   * Whether records that are left out go to dead letters. A batch that a sink holds already is then evaluated all the same,
   * since its letters may not have been written.
   */
  hasDeadLetters?(): boolean
  /** Resolves after a pause between two attempts; without it there are no pauses. */
  pause?(ms: number): Promise<void>
  /** Measures the time by operator; absent where nothing reads it. */
  readonly profile?: Profile | undefined
  /** Executes map sides partition by partition; without it a map side is one loop over all partitions. */
  readonly stages?: StageRunner | undefined
  /** The accumulators that tasks elsewhere may add to. */
  readonly accumulators?: Accumulators | undefined
  /** The broadcasts that tasks elsewhere may read. */
  readonly broadcasts?: Broadcasts | undefined
  readonly logger?: Logger | undefined
  /** The clock for timeouts of asynchronous functions; without one they have none. */
  readonly clock?: Clock | undefined
  /** The file system to save RDDs to and load them from; without it those methods throw `no-files`. */
  readonly files?: RDDFiles | undefined
}

/** The yielder outside of a streaming context, where no receiver needs the event loop. */
const NEVER_YIELD: Yielder = { begin: () => ({ size: 1 << 30, pause: () => undefined }) }

export function runtimeOf(given: Partial<RDDRuntime> | undefined): RDDRuntime {
  return { yielder: NEVER_YIELD, codegen: 'auto', onBadRecord: () => {}, ...given }
}
