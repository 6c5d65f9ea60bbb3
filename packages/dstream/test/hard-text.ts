import fc from 'fast-check'

/** A text made of what is hard about lines. */
export const hardText = fc
  .array(fc.constantFrom('a', 'bc', 'é', '😀', '\n', '\r', '\r\n', '\u0085', ''), { maxLength: 60 })
  .map((parts) => parts.join(''))

/** Its lines, with the ends that Java's `BufferedReader` sees. */
export function linesOf(text: string): string[] {
  const all = text.split(/\r\n|\n|\r/)
  return all.at(-1) === '' ? all.slice(0, -1) : all
}
