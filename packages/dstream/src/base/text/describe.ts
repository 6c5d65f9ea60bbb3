import { escapeControl } from './escape.js'
import { jsonForm, textForm } from './text-form.js'

const LONGEST = 80

/** Describes a value for an error message: short, on one line, strings in quotes, bigints with their `n`. Never throws. */
export function describe(value: unknown): string {
  const text = escapeControl(form(value))
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`
}

function form(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, LONGEST))
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value)
  if (typeof value !== 'object' || value === null) return textForm(value)
  if (!Array.isArray(value)) return objectForm(value)
  return `[${Array.from(value.slice(0, LONGEST), element).join(', ')}]`
}

function element(value: unknown): string {
  return typeof value === 'object' && value !== null ? objectForm(value) : form(value)
}

/** Returns JSON for all objects: an error speaks of the language's values, and not of Scala's. */
function objectForm(value: object): string {
  try {
    return jsonForm(value)
  } catch {
    return textForm(value)
  }
}
