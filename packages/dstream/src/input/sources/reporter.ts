import type { SourceHome } from './input-source.js'

/** Says what went wrong with a source that has no receiver, in the same way: the event `receiverError` and a warning. */
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
      lastError: error instanceof Error ? (error.stack ?? String(error)) : error === undefined ? '' : String(error),
      lastErrorTime: clock.now(),
    })
    logger.warn({ streamId, err: error }, `${this.#name}: ${message}`)
  }

  /** Nothing has failed, but somebody should know. */
  warn(message: string): void {
    this.#home.logger.warn({ streamId: this.#home.streamId }, `${this.#name}: ${message}`)
  }

  /** Calls something of the user's; a failure is reported and goes no further. */
  async attempt(failure: string, call: () => unknown): Promise<void> {
    try {
      await call()
    } catch (error) {
      this.report(failure, error)
    }
  }
}
