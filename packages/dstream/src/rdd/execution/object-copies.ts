type Flat = Readonly<Record<string, unknown>>

/** Objects of numbers, strings and the like, of which each reader gets copies of its own, made within its loop. */
export class ObjectCopies implements Iterable<Flat> {
  constructor(readonly objects: readonly Flat[]) {}

  get size(): number {
    return this.objects.length
  }

  *[Symbol.iterator](): Generator<Flat> {
    for (let i = 0; i < this.objects.length; i++) yield { ...this.objects[i]! }
  }
}
