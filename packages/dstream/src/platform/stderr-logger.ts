import { messageOf } from '../base/errors/error-text.js'
import { escapeControl } from '../base/text/escape.js'
import type { Logger } from '../base/ports.js'
import { jsonLogger } from './json-logger.js'
import { kindOf, LineThrottle } from './line-throttle.js'

/** Returns the error's message with those of its causes, each once. */
function messagesOf(error: Error): string {
  const messages = [error.message]
  for (let cause = error.cause; cause instanceof Error && messages.length < 10; cause = cause.cause) {
    if (!messages.some((message) => message.includes((cause as Error).message))) messages.push(cause.message)
  }
  return messages.join('; caused by: ')
}

/** Returns the stack with one line a frame. The message, which may hold line breaks of a stranger, stays on the first. */
function stackOf(error: Error): string {
  const messages = messagesOf(error)
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line) && !messages.includes(line))
  return [`${error.name}: ${messages}`, ...frames].map(escapeControl).join('\n')
}

function detailOf(level: string, error: unknown, message: string): string {
  if (error === undefined || error === '') return ''
  try {
    return error instanceof Error ? errorDetail(level, error, message) : thrownDetail(error, message)
  } catch {
    return thrownDetail(error, message)
  }
}

function thrownDetail(error: unknown, message: string): string {
  const text = messageOf(error)
  return message.includes(text) ? '' : `: ${escapeControl(text)}`
}

function errorDetail(level: string, error: Error, message: string): string {
  // A stack belongs to an error; a warning needs the reason only.
  if (level === 'error') return `\n${stackOf(error)}`
  const messages = messagesOf(error)
  return message.includes(messages) ? '' : `: ${escapeControl(messages)}`
}

/**
 * Returns a logger that writes one line a message, and one line a second of each kind. Control characters, line breaks
 * and escape sequences of a message are shown, not sent: records of strangers cannot steer a terminal or forge a line.
 */
export function textLogger(write: (line: string) => void): Logger & { flush(): void } {
  const throttle = new LineThrottle(write)
  const line = (level: string, o: object, message: string): void => {
    const error = 'err' in o ? o.err : undefined
    throttle.line(
      `${level} ${kindOf(message)}`,
      `dstream ${level}: ${escapeControl(message)}${detailOf(level, error, message)}`,
    )
  }
  return {
    debug: () => undefined,
    info: (o, m) => line('info', o, m),
    warn: (o, m) => line('warn', o, m),
    error: (o, m) => line('error', o, m),
    flush: () => throttle.flush(),
  }
}

/** Writes to standard error. When its reader has gone, the process goes on without a log. */
function toStderr(line: string): void {
  if (process.stderr.listenerCount('error', ignore) === 0) process.stderr.on('error', ignore)
  process.stderr.write(`${line}\n`)
}

function ignore(): void {
  return undefined
}

/** The default logger. It writes to standard error, so that standard output holds only the output of `print`. */
export const stderrLogger = textLogger(toStderr)

/** Writes lines of JSON to standard error. */
export const stderrJsonLogger = jsonLogger(toStderr, () => Date.now())

process.once('exit', () => stderrLogger.flush())
