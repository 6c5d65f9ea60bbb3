// C0 but tab, DEL, C1, line and paragraph separators, and the marks that turn the direction of text.
// eslint-disable-next-line no-control-regex
const control = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r' }

/**
 * Text of strangers, fit for a terminal: whatever could move the cursor, change colours, begin a new line or turn the
 * direction of writing is shown as `\n`, `\x1b`, `\u202e`. Tabs stay. One record stays one line.
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
