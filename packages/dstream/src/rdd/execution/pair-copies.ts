/** Pairs of which each reader gets copies of its own. A loop need not allocate a copy of which it reads the halves alone. */
export class PairCopies implements Iterable<[unknown, unknown]> {
  constructor(readonly pairs: readonly (readonly [unknown, unknown])[]) {}

  get size(): number {
    return this.pairs.length
  }

  *[Symbol.iterator](): Generator<[unknown, unknown]> {
    for (let i = 0; i < this.pairs.length; i++) yield [this.pairs[i]![0], this.pairs[i]![1]]
  }
}
