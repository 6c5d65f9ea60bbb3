/** The `limit` least of what was offered; of equals those that came first. Costs one comparison for most of the rest. */
export class BoundedHeap<T> {
  readonly #limit: number
  readonly #compare: (a: T, b: T) => number
  /** The one to go first is on top: the greatest, and of equals the one that came last. */
  readonly #items: { readonly value: T; readonly arrival: number }[] = []
  #arrivals = 0

  constructor(limit: number, compare: (a: T, b: T) => number) {
    this.#limit = limit
    this.#compare = compare
  }

  offer(value: T): void {
    const arrival = this.#arrivals++
    const items = this.#items
    if (items.length < this.#limit) {
      items.push({ value, arrival })
      this.#up(items.length - 1)
    } else if (this.#compare(value, items[0]!.value) < 0) {
      items[0] = { value, arrival }
      this.#down(0)
    }
  }

  inOrder(): T[] {
    const byOrder = this.#items.sort((a, b) => this.#compare(a.value, b.value) || a.arrival - b.arrival)
    return byOrder.map(({ value }) => value)
  }

  /** Whether item i goes before item j. */
  #goesFirst(i: number, j: number): boolean {
    const a = this.#items[i]!
    const b = this.#items[j]!
    const order = this.#compare(a.value, b.value)
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
