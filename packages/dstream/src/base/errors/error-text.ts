import { isA } from '../built-ins.js'

/** Returns the `code` of an error, if it has one. */
export function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null | undefined)?.code
}

/** Returns the message of an error; any other value that was thrown as text. */
export function messageOf(error: unknown): string {
  return isA('Error', error) ? error.message : String(error)
}

/** Returns an error with its stack as text; the empty text for `undefined`. */
export function stackOf(error: unknown): string {
  if (error === undefined) return ''
  return isA('Error', error) ? (error.stack ?? String(error)) : String(error)
}
