import type { RecordError } from '../../base/record-error.js'
import type { Clock, Logger, RDDFiles, Yielder } from '../../base/ports.js'

/** What evaluation asks of its surroundings. */
export interface RDDRuntime {
  readonly yielder: Yielder
  /** Whether chains become generated loops: `auto` where the host allows it. The results are the same. */
  readonly codegen: boolean | 'auto'
  /** A user's function threw on a record. Not given: every such error fails the evaluation, at no cost per record. */
  readonly onRecordError?: ((error: RecordError) => 'fail' | 'skip') | undefined
  /** A codec met a record that does not decode; it has been left out. */
  onBadRecord(record: unknown, error: unknown): void
  readonly logger?: Logger | undefined
  /** For timeouts of asynchronous functions; without one they have none. */
  readonly clock?: Clock | undefined
  /** Where RDDs are saved and loaded; without it they cannot be. */
  readonly files?: RDDFiles | undefined
}

/** Outside of a streaming context nothing asks the evaluation to pause. */
const NEVER_YIELD: Yielder = { begin: () => ({ size: 1 << 30, pause: () => undefined }) }

export function runtimeOf(given: Partial<RDDRuntime> | undefined): RDDRuntime {
  return { yielder: NEVER_YIELD, codegen: 'auto', onBadRecord: () => {}, ...given }
}
