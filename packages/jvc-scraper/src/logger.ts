/** What the scraper logs to; pino fits. */
export interface Logger {
  debug(o: object, m: string): void
  info(o: object, m: string): void
  warn(o: object, m: string): void
  error(o: object, m: string): void
}

function nothing(): void {}

/** For tests and for use as a library without a log. */
export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing }
