import { stackOf } from '../../base/errors/error-text.js'
import type { SourceHome } from './input-source.js'

/** Reports the errors of a source without a receiver as a receiver's are: the event `receiverError` and a warning. */
export class Reporter {
  readonly #home: SourceHome
  readonly #name: string

  constructor(home: SourceHome, name: string) {
    this.#home = home
    this.#name = name
  }

  report(message: string, error?: unknown): void {
    const { streamId, clock, logger, onEvent } = this.#home
    onEvent('receiverError', {
      streamId,
      name: this.#name,
      active: true,
      lastErrorMessage: message,
      lastError: stackOf(error),
      lastErrorTime: clock.now(),
    })
    logger.warn({ streamId, err: error }, `${this.#name}: ${message}`)
  }

  /** Logs a warning without an event, for a state that is not a failure. */
  warn(message: string): void {
    this.#home.logger.warn({ streamId: this.#home.streamId }, `${this.#name}: ${message}`)
  }

  /** Awaits a call of the user's code; a failure is reported and not thrown. */
  async attempt(failure: string, call: () => unknown): Promise<void> {
    try {
      await call()
    } catch (error) {
      this.report(failure, error)
    }
  }
}
