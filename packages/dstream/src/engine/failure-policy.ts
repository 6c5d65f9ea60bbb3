import type { Logger } from '../base/ports.js'
import { tooFarBehind } from '../base/errors/context.js'
import type { Failure } from './batch/failure.js'
import { MAX_BACKLOG } from './batch/stateful-operators.js'
import type { Termination } from './termination.js'

export interface FailurePolicyOptions {
  readonly appName: string
  readonly logger: Logger
  readonly termination: Termination
  /** Stops the context, and lets no batch begin meanwhile. */
  readonly stop: () => void
  readonly onFailure: ((failure: Failure) => void) | undefined
  readonly onFatal: ((error: unknown) => void) | undefined
}

/** Returns the first line of a reason: its stack comes with the error itself. */
function withoutStack(reason: string): string {
  return reason.split('\n', 1)[0]!
}

/** Decides what a failure means for the context: a line in the log, a rejected `awaitTermination`, or the end. */
export class FailurePolicy {
  readonly #options: FailurePolicyOptions

  constructor(options: FailurePolicyOptions) {
    this.#options = options
  }

  /** Reports a failure of a user's function; the context goes on unless an operator lags too far behind. */
  failed(failure: Failure): void {
    const { logger, termination, onFailure } = this.#options
    const { time, operator, output, error, reason, final, attempt } = failure
    const name = output ?? operator ?? 'unknown'
    logger.error(
      { time, operator, output, err: error },
      `"${name}" failed on the batch of ${time} ms: ${withoutStack(reason)}`,
    )
    onFailure?.(failure)
    if (final) termination.fail(error)
    if (attempt > MAX_BACKLOG) this.fatal(tooFarBehind(name, attempt))
  }

  /** Reports a batch that could not be finished, and stops the context: no later batch may run. */
  fatal(error: unknown): void {
    const { appName, logger, termination, stop, onFatal } = this.#options
    logger.error({ err: error }, `${appName} is stopped: a batch could not be finished.`)
    onFatal?.(error)
    termination.fail(error)
    stop()
  }
}
