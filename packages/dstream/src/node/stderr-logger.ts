import type { Logger } from '../ports.js'

const errorOf = (o: object): unknown => ('err' in o ? (o as { err: unknown }).err : undefined)

const line = (level: string, o: object, message: string): void => {
  const error = errorOf(o)
  const detail =
    error === undefined ? '' : `\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
  process.stderr.write(`dstream ${level}: ${message}${detail}\n`)
}

/** The default logger: one line a message on standard error, so that standard output holds what `print` prints. */
export const stderrLogger: Logger = {
  debug: () => undefined,
  info: (o, m) => line('info', o, m),
  warn: (o, m) => line('warn', o, m),
  error: (o, m) => line('error', o, m),
}
