import { escapeControl } from './escape.js'

/** The parts at either end of a path that are shown of a longer one. */
const ENDS = 8

/** Returns the path to a part of a value as text, like `.posts[3].author`, after `before`; the empty text for the value itself. */
export function pathText(path: readonly PropertyKey[], before: string): string {
  const parts = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
  if (parts.length > 2 * ENDS) parts.splice(ENDS, parts.length - 2 * ENDS, '…')
  return parts.length === 0 ? '' : `${before}${escapeControl(parts.join(''))}`
}
