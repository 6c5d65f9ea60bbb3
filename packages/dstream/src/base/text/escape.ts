// C0 except tab, DEL, C1, line and paragraph separators, and the marks that change the direction of text.
// eslint-disable-next-line no-control-regex
const control = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r' }

/**
 * Makes untrusted text safe for a terminal. Characters that move the cursor, change colours, begin a new line or change the
 * direction of text are written as `\n`, `\x1b`, `\u202e`. Tabs stay. The result is one line.
 *
 * @example
 * escapeControl('a\u001b[2Jb') // 'a\\x1b[2Jb'
 */
export function escapeControl(text: string): string {
  return text.replace(control, (c) => short[c] ?? numbered(c.charCodeAt(0)))
}

function numbered(code: number): string {
  return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
}
