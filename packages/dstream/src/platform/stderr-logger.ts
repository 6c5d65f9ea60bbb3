import type { Logger } from '../base/ports.js'

function errorOf(o: object): unknown {
  return 'err' in o ? (o as { err: unknown }).err : undefined
}

function detailOf(level: string, error: unknown, message: string): string {
  if (error === undefined || error === '') return ''
  if (!(error instanceof Error)) return message.includes(String(error)) ? '' : `: ${String(error)}`
  // A warning says what went wrong; where it went wrong is for errors.
  if (level === 'error') return `\n${error.stack ?? error.message}`
  return message.includes(error.message) ? '' : `: ${error.message}`
}

function line(level: string, o: object, message: string): void {
  process.stderr.write(`dstream ${level}: ${message}${detailOf(level, errorOf(o), message)}\n`)
}

/** The default logger: one line a message on standard error, so that standard output holds what `print` prints. */
export const stderrLogger: Logger = {
  debug: () => undefined,
  info: (o, m) => line('info', o, m),
  warn: (o, m) => line('warn', o, m),
  error: (o, m) => line('error', o, m),
}
