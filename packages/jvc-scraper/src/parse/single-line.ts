/** Returns the text on one line, without white space around it. */
export function singleLine(text: string | undefined): string {
  return (text ?? '').replace(/\s+/g, ' ').trim()
}
