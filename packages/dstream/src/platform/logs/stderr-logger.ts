import { isA } from '../../base/built-ins.js'
import { messageOf } from '../../base/errors/error-text.js'
import { escapeControl } from '../../base/text/escape.js'
import type { Logger } from '../../base/ports.js'
import { jsonLogger } from './json-logger.js'
import { kindOf, LineThrottle } from './line-throttle.js'
import { RecentStacks } from '../recent-stacks.js'
import { statusLine } from './status-line.js'
import { timersAtLoad } from '../timers-at-load.js'

/** Returns the messages of an error and its causes, each once. */
function messagesOf(error: Error): string {
  const messages = [error.message]
  for (let cause = error.cause; isA('Error', cause) && messages.length < 10; cause = cause.cause) {
    if (!messages.some((message) => message.includes((cause as Error).message))) messages.push(cause.message)
  }
  return messages.join('; caused by: ')
}

/** Returns the frames of the stack, without the message, which may hold line breaks from outside. */
function framesOf(error: Error): string[] {
  const messages = messagesOf(error)
  return (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line) && !messages.includes(line))
}

function detailOf(stacks: RecentStacks | undefined, error: unknown, message: string): string {
  if (error === undefined || error === '') return ''
  try {
    return isA('Error', error) ? errorDetail(stacks, error, message) : thrownDetail(error, message)
  } catch {
    return thrownDetail(error, message)
  }
}

function thrownDetail(error: unknown, message: string): string {
  const text = messageOf(error)
  return message.includes(text) ? '' : `${afterMessage(message)}${escapeControl(text)}`
}

/** Returns the text between a message and its reason. Behind a sentence, the reason is a sentence too. */
function afterMessage(message: string): string {
  return /[.!?]$/.test(message) ? ' The reason: ' : ': '
}

function errorDetail(stacks: RecentStacks | undefined, error: Error, message: string): string {
  const messages = messagesOf(error)
  const frames = framesOf(error)
  // The lower frames are the engine's, and differ between attempts.
  if (stacks?.add([error.name, ...frames.slice(0, 2)].join('\n')) === true) {
    return ['', `${error.name}: ${messages}`, ...frames].map(escapeControl).join('\n')
  }
  return message.includes(messages) ? '' : `${afterMessage(message)}${escapeControl(messages)}`
}

/**
 * Returns a logger that writes one line for each message, one line a second of each kind, and each stack once a minute.
 * Control characters, line breaks and escape sequences are escaped, so that records from outside cannot control a
 * terminal or forge a line.
 */
export function textLogger(write: (line: string) => void): Logger & { flush(): void } {
  const throttle = new LineThrottle(write)
  const stacks = new RecentStacks(timersAtLoad.now)
  const line = (level: string, o: object, message: string): void => {
    const error = 'err' in o ? o.err : undefined
    // Errors show their stack; warnings show only the reason.
    const ofLevel = level === 'error' ? stacks : undefined
    const text = (): string => `dstream ${level}: ${escapeControl(message)}${detailOf(ofLevel, error, message)}`
    throttle.line(`${level} ${kindOf(message)}`, text)
  }
  return {
    debug: () => undefined,
    info: (o, m) => line('info', o, m),
    warn: (o, m) => line('warn', o, m),
    error: (o, m) => line('error', o, m),
    flush: () => throttle.flush(),
  }
}

/** Writes to standard error. The process continues without a log when the reader of that stream has gone. */
function toStderr(line: string): void {
  if (process.stderr.listenerCount('error', ignore) === 0) process.stderr.on('error', ignore)
  statusLine.erase()
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
