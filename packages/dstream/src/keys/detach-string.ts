/** V8 copies shorter cuts; from this length on `slice`, `split` and `match` give a window onto the whole string. */
export const shortestCut = 13

/** The same text, keeping no longer string alive that it was cut from. */
export function detachString(text: string): string {
  // Joining makes a new string, which is then cut: what that cut keeps alive is its own copy and one character.
  return text.length < shortestCut ? text : (' ' + text).slice(1)
}
