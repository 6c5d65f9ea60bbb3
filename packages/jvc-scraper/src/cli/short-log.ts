import { printable } from 'jvc-receiver/feed'

const LEVELS: Readonly<Record<number, string>> = { 20: 'debug', 30: 'info ', 40: 'WARN ', 50: 'ERROR' }
const HIDDEN = new Set(['level', 'time', 'msg', 'pid', 'hostname', 'name'])

/** Shortens a line of pino to time, level, message and details. Control characters of forum text are escaped. */
export function shortLine(json: string): string {
  const { level, time, msg, ...rest } = JSON.parse(json) as { level: number; time: number; msg?: string } & Record<
    string,
    unknown
  >
  const details = Object.entries(rest)
    .filter(([key, value]) => !HIDDEN.has(key) && value !== undefined)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  const clock = new Date(time).toTimeString().slice(0, 8)
  const text = printable([msg ?? '', ...details].join('  '), 500)
  return `${clock} scraper ${LEVELS[level] ?? level} ${text}\n`
}
