function identity(record: unknown): unknown {
  return record
}

function asKey(record: unknown): readonly [unknown, unknown] {
  return [record, record]
}

function first(value: unknown): unknown {
  return value
}

function listOf(value: unknown): unknown[] {
  return [value]
}

function push(values: unknown[], value: unknown): unknown[] {
  values.push(value)
  return values
}

function appendAll(values: unknown[], others: readonly unknown[]): unknown[] {
  for (const value of others) values.push(value)
  return values
}

/** The functions of the engine's own steps, by names that mean the same in every process. */
export const ENGINE_FUNCTIONS = { identity, asKey, first, listOf, push, appendAll }
