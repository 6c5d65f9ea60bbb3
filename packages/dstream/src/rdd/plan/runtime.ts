import type { RecordError } from '../../base/record-error.js'
import type { Clock, Logger, RDDFiles, Yielder } from '../../base/ports.js'

/** The services that evaluation needs. */
export interface RDDRuntime {
  readonly yielder: Yielder
  /** Runs chains as generated loops; `auto` does so where the process allows it. The results are the same. */
  readonly codegen: boolean | 'auto'
  /** Called when a user's function threw on a record. Without it every such error fails the evaluation, at no cost per record. */
  readonly onRecordError?: ((error: RecordError) => 'fail' | 'skip') | undefined
  /** Called for a record that a codec could not decode and left out. */
  onBadRecord(record: unknown, error: unknown): void
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
