// C0 and C1 controls, line and paragraph separators, and the marks that turn the direction of text around.
// eslint-disable-next-line no-control-regex
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/**
 * Makes text from the network fit for a terminal or a log: control characters are escaped, and the text is cut at `max`
 * characters.
 *
 * @example
 * printable('a\u001b[31mb') // 'a\\u001b[31mb'
 */
export function printable(text: string, max = 120): string {
  const short = text.length > max ? `${text.slice(0, max)}…` : text
  return short.replace(UNPRINTABLE, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
