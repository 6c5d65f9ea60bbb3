import { parseFrenchDate } from './french-date.js'
import type { QuotedPost } from './types.js'
import { singleLine } from './single-line.js'

const HEAD =
  /^Le (\d{1,2}(?:er)? \p{L}+ \d{4} à \d{1,2}:\d{2}:\d{2}|\d{1,2}\/\d{1,2}\/\d{4}(?: à)? \d{1,2}:\d{2}:\d{2})(?: (\S.{0,60}?))?(?: a écrit)? ?:/u

/**
 * Parses the first line of a quote: `Le 22 juillet 2026 à 11:38:12 Raiko_ a écrit :`, or `Le 22 juillet 2026 à 11:38:12 :`
 * for an author that the site does not name.
 *
 * @returns undefined when the text does not begin so, as in a quote made by hand
 * @example
 * parseQuoteHead('Le 22 juillet 2026 à 11:38:12 Raiko_ a écrit :')?.author // 'Raiko_'
 */
export function parseQuoteHead(text: string): QuotedPost | undefined {
  const match = HEAD.exec(singleLine(text.trimStart().split('\n', 1)[0]))
  const date = match?.[1]
  if (date === undefined) return undefined
  return { author: match?.[2], date, at: parseFrenchDate(date) }
}
