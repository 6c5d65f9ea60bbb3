import { isA } from '../built-ins.js'
import { describe } from '../text/describe.js'

/** Returns the `code` of an error, if it has one. */
export function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null | undefined)?.code
}

/** Returns the message of an error; any other value that was thrown as text. Never throws. */
export function messageOf(error: unknown): string {
  return readable(error, () => (isA('Error', error) ? error.message : String(error)))
}

/** Returns the message of an error; describes any other value that was thrown, strings in quotes. Never throws. */
export function thrownText(error: unknown): string {
  return isA('Error', error) ? messageOf(error) : describe(error)
}

/** Returns an error with its stack as text; the empty text for `undefined`. Never throws. */
export function stackOf(error: unknown): string {
  if (error === undefined) return ''
  return readable(error, () => (isA('Error', error) ? (error.stack ?? String(error)) : String(error)))
}

/** Programs throw everything: objects without a prototype have no text of their own, and getters throw again. */
function readable(error: unknown, read: () => string): string {
  try {
    return String(read())
  } catch {
    return isA('Error', error) ? 'an error that cannot be read' : describe(error)
  }
}
