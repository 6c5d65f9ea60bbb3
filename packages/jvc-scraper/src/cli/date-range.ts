import { parseFrenchDate } from '../parse/index.js'

const DATE = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2}))?(Z|[+-]\d{2}:?\d{2})?)?$/
const SECOND_MS = 1000
const DAY_S = 86_400

/** A day, a minute or a second: from the first instant to the one after the last, epoch milliseconds. */
export interface Span {
  readonly from: number
  readonly to: number
}

/**
 * Reads a date of the command line: `2026-07-27`, `2026-07-27 14:30`, `2026-07-27T14:30:15`, the last two also with a zone
 * (`Z`, `+02:00`). Without a zone the date is that of Europe/Paris, as on the forum.
 *
 * @returns undefined when the text is no such date
 */
export function parseSpan(text: string): Span | undefined {
  const match = DATE.exec(text.trim())
  if (match === null) return undefined
  const [, year = '', month = '', day = '', hours, minutes, seconds, zone] = match
  const time = `${hours ?? '00'}:${minutes ?? '00'}:${seconds ?? '00'}`
  // Checks the day and the time too: the 30th of February is no date.
  const paris = parseFrenchDate(`${day}/${month}/${year} ${time}`)
  if (paris === undefined) return undefined
  const from =
    zone === undefined
      ? paris
      : Date.parse(`${year}-${month}-${day}T${time}${zone.replace(/(\d{2})(\d{2})$/, '$1:$2')}`)
  if (Number.isNaN(from)) return undefined
  if (seconds !== undefined) return { from, to: from + SECOND_MS }
  if (hours !== undefined) return { from, to: from + 60 * SECOND_MS }
  return { from, to: nextDay(year, month, day) }
}

/** Returns the next midnight of Europe/Paris: a day has 23 to 25 hours. */
function nextDay(year: string, month: string, day: string): number {
  const next = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)) + DAY_S * SECOND_MS)
  const [y = '', m = '', d = ''] = next.toISOString().slice(0, 10).split('-')
  return parseFrenchDate(`${d}/${m}/${y} 00:00:00`) as number
}
