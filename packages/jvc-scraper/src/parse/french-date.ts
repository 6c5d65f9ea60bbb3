const MONTHS = [
  'janvier',
  'février',
  'mars',
  'avril',
  'mai',
  'juin',
  'juillet',
  'août',
  'septembre',
  'octobre',
  'novembre',
  'décembre',
]
const MONTH_NUMBERS = new Map(MONTHS.map((name, index) => [bare(name), index]))
const LONG_DATE = /^(\d{1,2})(?:er)? (\p{L}+) (\d{4}) (?:à|a) (\d{1,2}):(\d{2}):(\d{2})$/iu
const SHORT_DATE = /^(\d{1,2})\/(\d{1,2})\/(\d{4})(?: à)? (\d{1,2}):(\d{2}):(\d{2})$/
const HOUR = 3_600_000
const DAY = 24 * HOUR
/** The tolerance for items whose dates are not quite in order. */
const ORDER_SLACK_MS = 2000

/**
 * Parses a date as the forum writes it: `02 juin 2026 à 22:25:06`, wall-clock time of Europe/Paris without a zone. The
 * form `05/12/2022 11:36:57` is accepted too.
 *
 * The hour that occurs twice on the last Sunday of October is taken as the first of the two (summer time), and the hour
 * that does not exist in March is moved on by one, as with `compatible` of `Temporal`. {@link inOrderOfTime} corrects the
 * former from the order of the posts.
 *
 * @returns epoch milliseconds, or undefined when the text is no such date.
 * @example
 * parseFrenchDate('02 juin 2026 à 22:25:06') // Date.UTC(2026, 5, 2, 20, 25, 6)
 */
export function parseFrenchDate(text: string): number | undefined {
  const plain = text.trim().normalize('NFC').replace(/\s+/g, ' ')
  const long = LONG_DATE.exec(plain)
  const match = long ?? SHORT_DATE.exec(plain)
  if (match === null) return undefined
  const [day = 0, , year = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map(Number)
  const month = long ? MONTH_NUMBERS.get(bare(match[2] ?? '')) : Number(match[2]) - 1
  if (month === undefined || year < 1970 || hours > 23 || minutes > 59 || seconds > 59) return undefined
  const midnight = Date.UTC(year, month, day)
  const date = new Date(midnight)
  if (date.getUTCMonth() !== month || date.getUTCDate() !== day) return undefined
  return fromParis(midnight + hours * HOUR + minutes * 60_000 + seconds * 1000)
}

/**
 * Resolves the hour that occurs twice on the last Sunday of October by the order of the items. An instant of that hour
 * that lies before an earlier item belongs to the second of the two hours, and is moved on by one. Other instants stay.
 *
 * @param instants epoch milliseconds in the order in which they happened, each as {@link parseFrenchDate} returns it
 * @example
 * const date = (time) => parseFrenchDate(`25 octobre 2026 à ${time}`)
 * inOrderOfTime([date('02:50:00'), date('02:10:00')]) // 00:50 and 01:10 UTC
 */
export function inOrderOfTime(instants: readonly (number | undefined)[]): (number | undefined)[] {
  let latest = -Infinity
  return instants.map((at) => {
    if (at === undefined) return undefined
    // Posts of one second may be out of order by a little, which is no second hour.
    const isRepeated = at < latest - ORDER_SLACK_MS && parisOffset(at) === 2 * HOUR && parisOffset(at + HOUR) === HOUR
    const resolved = isRepeated ? at + HOUR : at
    latest = Math.max(latest, resolved)
    return resolved
  })
}

/**
 * Formats an instant as the forum writes it. This is the inverse of {@link parseFrenchDate}, except in the second of the
 * two equal hours in October.
 *
 * @param at epoch milliseconds; the part below a second is dropped.
 * @example
 * formatFrenchDate(Date.UTC(2026, 5, 2, 20, 25, 6)) // '02 juin 2026 à 22:25:06'
 */
export function formatFrenchDate(at: number): string {
  const local = new Date(at + parisOffset(at))
  const month = MONTHS[local.getUTCMonth()] ?? ''
  return `${two(local.getUTCDate())} ${month} ${local.getUTCFullYear()} à ${formatParisTime(at)}`
}

/** Formats the wall-clock time of Europe/Paris at an instant, as `22:25:06`. */
export function formatParisTime(at: number): string {
  const local = new Date(at + parisOffset(at))
  return `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}:${two(local.getUTCSeconds())}`
}

/** Formats the day in Europe/Paris at an instant, as `02/06/2026`. */
export function formatParisDay(at: number): string {
  const local = new Date(at + parisOffset(at))
  return `${two(local.getUTCDate())}/${two(local.getUTCMonth() + 1)}/${local.getUTCFullYear()}`
}

/** Returns how far Paris is ahead of UTC, in milliseconds: the EU rule since 1996, with changes at 01:00 UTC. */
function parisOffset(at: number): number {
  const year = new Date(at).getUTCFullYear()
  return at >= lastSunday(year, 2) + HOUR && at < lastSunday(year, 9) + HOUR ? 2 * HOUR : HOUR
}

/** Converts wall-clock time to an instant. Summer time is tried first, so it wins in the hour that occurs twice. */
function fromParis(local: number): number {
  return parisOffset(local - 2 * HOUR) === 2 * HOUR ? local - 2 * HOUR : local - HOUR
}

/** Returns midnight UTC of the last Sunday of a month of 31 days. */
function lastSunday(year: number, month: number): number {
  const last = Date.UTC(year, month, 31)
  return last - new Date(last).getUTCDay() * DAY
}

function bare(word: string): string {
  return word.toLowerCase().normalize('NFD').replace(/\p{M}/gu, '')
}

function two(n: number): string {
  return n < 10 ? `0${n}` : String(n)
}
