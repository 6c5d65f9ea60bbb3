/** Compares two ranks; the result is negative, zero or positive. */
export type CompareRanks = (a: unknown, b: unknown) => number

interface Item {
  readonly rank: unknown
  readonly record: unknown
  readonly arrival: number
}

/** Finds the `limit` least records by rank, of equals those that came first. Most other records cost one comparison. */
export class BoundedHeap {
  readonly #limit: number
  readonly #compare: CompareRanks
  /** A heap with the next record to drop on top: the greatest, of equals the one that came last. */
  readonly #items: Item[] = []
  #arrivals = 0

  constructor(limit: number, compare: CompareRanks) {
    this.#limit = limit
    this.#compare = compare
  }

  offer(rank: unknown, record: unknown): void {
    const arrival = this.#arrivals++
    const items = this.#items
    if (items.length < this.#limit) {
      items.push({ rank, record, arrival })
      this.#up(items.length - 1)
    } else if (this.#compare(rank, items[0]!.rank) < 0) {
      items[0] = { rank, record, arrival }
      this.#down(0)
    }
  }

  /** Returns the records in order. */
  inOrder(): unknown[] {
    const byOrder = this.#items.sort((a, b) => this.#compare(a.rank, b.rank) || a.arrival - b.arrival)
    return byOrder.map(({ record }) => record)
  }

  /** Returns whether item i is dropped before item j. */
  #goesFirst(i: number, j: number): boolean {
    const a = this.#items[i]!
    const b = this.#items[j]!
    const order = this.#compare(a.rank, b.rank)
    return order > 0 || (order === 0 && a.arrival > b.arrival)
  }

  #up(from: number): void {
    for (let i = from; i > 0;) {
      const parent = (i - 1) >> 1
      if (!this.#goesFirst(i, parent)) return
      this.#swap(i, parent)
      i = parent
    }
  }

  #down(from: number): void {
    for (let i = from; ;) {
      const left = 2 * i + 1
      let first = i
      if (left < this.#items.length && this.#goesFirst(left, first)) first = left
      if (left + 1 < this.#items.length && this.#goesFirst(left + 1, first)) first = left + 1
      if (first === i) return
      this.#swap(i, first)
      i = first
    }
  }

  #swap(i: number, j: number): void {
    const items = this.#items
    const item = items[i]!
    items[i] = items[j]!
    items[j] = item
  }
}
