import { isA } from '../../base/built-ins.js'
import type { Logger } from '../../base/ports.js'
import { jsonForm } from '../../base/text/text-form.js'

/** Returns an error as data, with its causes. */
function errorFacts(error: unknown, depth = 0): unknown {
  if (!isA('Error', error)) return error
  const { name, message, stack, cause } = error
  const code = (error as { code?: unknown }).code
  const deeper = cause === undefined || depth > 5 ? {} : { cause: errorFacts(cause, depth + 1) }
  return { type: name, message, ...(code === undefined ? {} : { code }), stack, ...deeper }
}

/**
 * Returns a logger that writes one line of JSON for each message: `level`, `time` in milliseconds since the epoch,
 * `msg`, the facts, and `err` as data, with the names that pino uses.
 */
export function jsonLogger(write: (line: string) => void, now: () => number): Logger {
  const line = (level: string, facts: object, msg: string): void => {
    const { err, time, ...rest } = facts as { err?: unknown; time?: unknown }
    const error = err === undefined ? {} : { err: errorFacts(err) }
    // The fact `time` is a batch time, while `time` of a line is the time of writing.
    const batch = time === undefined ? {} : { batchTime: time }
    // The facts come first, so that none of them can replace the level or the message.
    write(jsonForm({ ...rest, ...batch, ...error, level, time: now(), name: 'dstream', msg }))
  }
  return {
    debug: () => undefined,
    info: (facts, msg) => line('info', facts, msg),
    warn: (facts, msg) => line('warn', facts, msg),
    error: (facts, msg) => line('error', facts, msg),
  }
}
