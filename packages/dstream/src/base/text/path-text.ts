import { escapeControl } from './escape.js'

/** Returns the path to a part of a value as text, like `.posts[3].author`, after `before`; the empty text for the value itself. */
export function pathText(path: readonly PropertyKey[], before: string): string {
  const parts = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
  return parts.length === 0 ? '' : `${before}${escapeControl(parts.join(''))}`
}
