/** The logger of the scraper; a pino logger fits. */
export interface Logger {
  debug(o: object, m: string): void
  info(o: object, m: string): void
  warn(o: object, m: string): void
  error(o: object, m: string): void
}

function nothing(): void {}

/** A logger that drops everything, for tests and for library use without a log. */
export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing }
