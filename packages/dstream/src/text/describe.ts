import { escapeControl } from './escape.js'
import { textForm } from './text-form.js'

const longest = 80

/** A value as an error message names it: short, on one line, strings in quotes, bigints with their `n`. */
export function describe(value: unknown): string {
  const text = escapeControl(form(value))
  return text.length <= longest ? text : `${text.slice(0, longest - 1)}…`
}

function form(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return `${value}n`
  if (Object.is(value, -0)) return '-0'
  if (Array.isArray(value)) return `[${value.slice(0, longest).map(shallow).join(', ')}]`
  return shallow(value)
}

/** Arrays of arrays may be cyclic; one level is enough to recognise a value. */
function shallow(value: unknown): string {
  return typeof value === 'string' || Array.isArray(value) ? (jsonOf(value) ?? textForm(value)) : textForm(value)
}

function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}
