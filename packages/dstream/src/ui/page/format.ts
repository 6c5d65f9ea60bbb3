import { escapeControl } from '../../base/text/escape.js'

export { mean } from '../rest/format.js'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** Returns a duration with a unit of its size: `420 ms`, `2.4 s`, `12 s`, `2.5 min`, `14 min`, `1.2 h`. */
export function duration(ms: number | undefined): string {
  if (ms === undefined) return '–'
  if (ms < SECOND) return `${Math.round(ms)} ms`
  if (ms < 10 * SECOND) return `${Number((ms / SECOND).toFixed(1))} s`
  if (ms < MINUTE) return `${Math.round(ms / SECOND)} s`
  if (ms < 10 * MINUTE) return `${(ms / MINUTE).toFixed(1)} min`
  return ms < HOUR ? `${Math.round(ms / MINUTE)} min` : `${(ms / HOUR).toFixed(1)} h`
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}

/** Returns a time of day; with milliseconds where batches are shorter than a second. */
export function timeOfDay(ms: number, batchMs = SECOND): string {
  const date = new Date(ms)
  const text = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')
  return batchMs % SECOND === 0 ? text : `${text}.${String(date.getMilliseconds()).padStart(3, '0')}`
}

/** Returns a date with its time: `2026/11/29 07:40:00`. */
export function dateTime(ms: number, batchMs = SECOND): string {
  const date = new Date(ms)
  return `${date.getFullYear()}/${two(date.getMonth() + 1)}/${two(date.getDate())} ${timeOfDay(ms, batchMs)}`
}

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const fraction = new Intl.NumberFormat('en', { maximumFractionDigits: 2 })
const compactForm = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })

export function count(value: number | undefined): string {
  return value === undefined ? '–' : whole.format(value)
}

export function decimal(value: number | undefined): string {
  return value === undefined ? '–' : fraction.format(value)
}

export function compact(value: number): string {
  return Math.abs(value) < 10_000 ? fraction.format(value) : compactForm.format(value)
}

/** Returns a number of bytes with a unit of its size. */
export function bytes(value: number | undefined): string {
  if (value === undefined) return '–'
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(value) / 10))
  const scaled = value / 1024 ** power
  return `${scaled >= 100 || power === 0 ? Math.round(scaled) : scaled.toFixed(1)} ${units[power]}`
}

/** Returns a text of data so that none of it acts: control characters and marks of direction are shown as such. */
export function safe(text: string | number): string {
  return typeof text === 'number' ? decimal(text) : escapeControl(text)
}

export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`
}

/** Returns a time that may be shorter than a millisecond. */
export function spent(ms: number | undefined): string {
  if (ms === undefined) return 'no time'
  return ms >= 10 ? duration(ms) : `${decimal(ms)} ms`
}
