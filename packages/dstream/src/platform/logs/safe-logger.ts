import type { Logger } from '../../base/ports.js'
import { stderrLogger } from './stderr-logger.js'

/**
 * Returns a logger that never throws. When the program's logger throws or rejects, the line goes to `fallback`: a fault
 * of a log must not stop batches, nor be silent.
 */
export function safeLogger(logger: Logger, fallback: Logger = stderrLogger): Logger {
  if (logger === fallback) return logger
  const level = (name: keyof Logger) => {
    return (facts: object, message: string): void => {
      const failed = (err: unknown): void => {
        fallback.warn({ err }, 'The logger of the context threw; its line follows')
        fallback[name](facts, message)
      }
      try {
        Promise.resolve(logger[name](facts, message) as unknown).catch(failed)
      } catch (error) {
        failed(error)
      }
    }
  }
  return { debug: level('debug'), info: level('info'), warn: level('warn'), error: level('error') }
}
