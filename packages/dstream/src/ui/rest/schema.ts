/** A JSON schema of an answer. */
export type Schema = Readonly<Record<string, unknown>>

export const STRING: Schema = { type: 'string' }
export const INTEGER: Schema = { type: 'integer' }
export const NUMBER: Schema = { type: 'number' }
export const BOOLEAN: Schema = { type: 'boolean' }
/** Data of the program's own, whose form is not known. */
export const ANYTHING: Schema = {}

export function arrayOf(items: Schema): Schema {
  return { type: 'array', items }
}

/** Returns the schema of an object. A name with `?` at its end may be absent; no others may be there. */
export function objectOf(fields: Readonly<Record<string, Schema>>): Schema {
  const names = Object.keys(fields)
  return {
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name.replace(/\?$/, ''), fields[name]!])),
    required: names.filter((name) => !name.endsWith('?')),
    additionalProperties: false,
  }
}

/** Returns the schema of an object with any names and values of one kind. */
export function mapOf(values: Schema): Schema {
  return { type: 'object', additionalProperties: values }
}

export function named(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` }
}
