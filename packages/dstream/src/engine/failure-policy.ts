import { tooFarBehind } from '../base/errors/context.js'
import type { Logger } from '../base/ports.js'
import type { OnFailure } from '../streams/graph/output.js'
import type { Failure } from './batch/failure.js'
import { MAX_BACKLOG, type OperatorFailure } from './batch/stateful-operators.js'
import type { Termination } from './termination.js'

export interface FailurePolicyOptions {
  readonly appName: string
  readonly logger: Logger
  readonly termination: Termination
  /** The decision about a stateful operator whose attempts are used up. */
  readonly onFailure: OnFailure
  /** Stops the context, and lets no batch begin meanwhile. */
  readonly stop: () => void
  readonly report: ((failure: Failure) => void) | undefined
  readonly onFatal: ((error: unknown) => void) | undefined
}

/** Returns the first line of a reason: its stack comes with the error itself. */
function withoutStack(reason: string): string {
  return reason.split('\n', 1)[0]!
}

/** Decides what a failure means for the context: a line in the log, or the end with the error of the user. */
export class FailurePolicy {
  readonly #options: FailurePolicyOptions

  constructor(options: FailurePolicyOptions) {
    this.#options = options
  }

  /** Reports a failure of a user's function. Whether the context goes on is decided apart from it. */
  failed(failure: Failure): void {
    const { logger, report } = this.#options
    const { time, operator, output, error, reason, attempt, pauseMs } = failure
    const name = output ?? operator ?? 'unknown'
    const next = pauseMs === undefined ? '' : `; the next attempt comes in ${pauseMs} ms`
    const which = attempt > 1 || pauseMs !== undefined ? ` in attempt ${attempt}` : ''
    logger.error(
      { time, operator, output, attempt, err: error },
      `"${name}" failed on the batch of ${time} ms${which}${next}: ${withoutStack(reason)}`,
    )
    report?.(failure)
  }

  /** Draws the consequence for a stateful operator, which cannot go past the batch on which it failed. */
  async operatorFailed(
    { isLast, backlog, attempt }: OperatorFailure,
    { time, operator, error }: Failure,
  ): Promise<void> {
    const { logger, onFailure } = this.#options
    const id = operator ?? 'unknown'
    if (backlog > MAX_BACKLOG) return this.fatal(tooFarBehind(id, backlog))
    if (!isLast) return
    try {
      const failed = { output: id, batchTime: time, attempts: attempt }
      const action = typeof onFailure === 'function' ? await onFailure(error, failed) : onFailure
      if (action !== 'skip') this.stop(error)
    } catch (thrown) {
      logger.error({ operator: id, err: thrown }, `onFailure of "${id}" threw.`)
      this.stop(thrown)
    }
  }

  /**
   * Stops the context with the error of a user's function, which the log has already. The batch under way is finished and
   * committed.
   */
  stop(error: unknown): void {
    const { appName, logger, termination, stop } = this.#options
    logger.error({}, `${appName} is stopped: its attempts are used up, and onFailure says so.`)
    termination.fail(error)
    stop()
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
