import { printable } from 'jvc-receiver/feed'

const LEVELS: Readonly<Record<number, string>> = { 20: 'debug', 30: 'info ', 40: 'WARN ', 50: 'ERROR' }
const HIDDEN = new Set(['level', 'time', 'msg', 'pid', 'hostname', 'name'])
const LONGEST_MESSAGE = 4000
const LONGEST_DETAIL = 500

/**
 * Shortens a line of pino to time, level, message and details. Control characters of forum text are escaped. Messages of
 * errors stand whole; a detail that is too long is counted, because half a JSON text cannot be read.
 */
export function shortLine(json: string): string {
  const { level, time, msg, ...rest } = JSON.parse(json) as { level: number; time: number; msg?: string } & Record<
    string,
    unknown
  >
  const details = Object.entries(rest)
    .filter(([key, value]) => !HIDDEN.has(key) && value !== undefined)
    .map(([key, value]) => `${key}=${detail(value)}`)
  const clock = new Date(time).toTimeString().slice(0, 8)
  const text = [printable(msg ?? '', LONGEST_MESSAGE), ...details].join('  ')
  return `${clock} scraper ${LEVELS[level] ?? level} ${text}\n`
}

function detail(value: unknown): string {
  if (typeof value === 'string') return printable(value, LONGEST_DETAIL)
  if (typeof value !== 'object' || value === null) return String(value)
  if ('message' in value && typeof value.message === 'string') return printable(value.message, LONGEST_MESSAGE)
  const text = printable(JSON.stringify(value), LONGEST_DETAIL + 1)
  if (text.length <= LONGEST_DETAIL) return text
  return Array.isArray(value) ? `[${value.length} values]` : `{${Object.keys(value).length} fields}`
}
