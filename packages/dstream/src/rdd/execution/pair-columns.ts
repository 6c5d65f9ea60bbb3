/** A table of pairs as two columns of one length: cheaper to make, and to keep in memory, than an array per pair. */
export class PairColumns<K, V> implements Iterable<[K, V]> {
  constructor(
    readonly keys: readonly K[],
    readonly values: readonly V[],
  ) {}

  get size(): number {
    return this.keys.length
  }

  slice(from: number, until: number): PairColumns<K, V> {
    if (from === 0 && until === this.size) return this
    return new PairColumns(this.keys.slice(from, until), this.values.slice(from, until))
  }

  *[Symbol.iterator](): Generator<[K, V]> {
    for (let i = 0; i < this.keys.length; i++) yield [this.keys[i]!, this.values[i]!]
  }
}

/** Returns the columns of a table, which are the table itself where it has them. */
export function columnsOf(table: Iterable<readonly [unknown, unknown]>): PairColumns<unknown, unknown> {
  if (table instanceof PairColumns) return table
  const keys: unknown[] = []
  const values: unknown[] = []
  for (const [key, value] of table) {
    keys.push(key)
    values.push(value)
  }
  return new PairColumns(keys, values)
}
