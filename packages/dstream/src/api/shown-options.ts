import { Duration } from '../base/time/duration.js'
import { textForm } from '../base/text/text-form.js'

/** Names of options and fields whose values nobody may see. */
const SECRET = /secret|token|passw|auth|credential|api_?key|private/i
/** The name and password inside an address. */
const USER_INFO = /(\w+:\/\/)[^/@\s]*@/g

const MASK = '******'
const MAX_TEXT = 500

/** Returns the options of a context as text: what is secret is masked, and parts of the program are only named. */
export function shownOptions(options: object): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(options)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, SECRET.test(name) ? MASK : shown(value)]),
  )
}

function shown(value: unknown): string {
  if (value instanceof Duration) return `${value.milliseconds} ms`
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'object' && value !== null && !isPlain(value)) return `a ${value.constructor?.name ?? 'object'}`
  const text = typeof value === 'string' ? value : textForm(masked(value))
  return text.replace(USER_INFO, `$1${MASK}@`).slice(0, MAX_TEXT)
}

function isPlain(value: object): boolean {
  const hasMethods = !Array.isArray(value) && Object.values(value).some((field) => typeof field === 'function')
  const prototype: unknown = Object.getPrototypeOf(value)
  return !hasMethods && (Array.isArray(value) || prototype === Object.prototype || prototype === null)
}

/** Returns plain data with its secret fields masked; parts of the program become their names. */
function masked(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(masked)
  if (!isPlain(value)) return shown(value)
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [name, SECRET.test(name) ? MASK : masked(field)]),
  )
}
