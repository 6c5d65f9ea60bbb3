/** A short text that two equal values have in common; `undefined` for one that has none. */
type Digest = (value: unknown) => string | undefined

/** The digests of a program's broadcasts in their order, empty for one that is destroyed or has none. */
export type BroadcastDigests = readonly string[]

/** What the running task expects; `undefined` where the broadcasts of this thread are those of the program. */
let expected:
  { readonly digests: BroadcastDigests; readonly checked: Set<number>; different: number | undefined } | undefined

/** Begins a task, which may read the broadcasts that are equal to those of the program. Tasks run one after the other. */
export function expectBroadcasts(digests: BroadcastDigests): void {
  expected = { digests, checked: new Set(), different: undefined }
}

/** Ends the task. Returns a broadcast that it has read and that is another one here. */
export function takeDifferent(): number | undefined {
  const different = expected?.different
  expected = undefined
  return different
}

/**
 * The broadcasts that a program makes while it builds its graph, in their order. A worker has made them too, and their values are
 * compared before they are read there.
 */
export class Broadcasts {
  readonly #read: (() => unknown)[] = []
  readonly #digests: (string | undefined)[] = []
  readonly #digest: Digest
  #isComplete = false

  constructor(digest: Digest) {
    this.#digest = digest
  }

  /**
   * Returns the number of a broadcast; `undefined` for one that is made once the graph is complete.
   *
   * @param read returns its value, or throws where it is destroyed
   */
  register(read: () => unknown): number | undefined {
    if (this.#isComplete) return undefined
    return this.#read.push(read) - 1
  }

  complete(): void {
    this.#isComplete = true
  }

  digests(): BroadcastDigests {
    return this.#read.map((_, index) => this.#digestOf(index) ?? '')
  }

  /** @throws in a task that must not read the broadcast of this thread */
  check(index: number | undefined): void {
    if (expected === undefined || (index !== undefined && expected.checked.has(index))) return
    if (index === undefined || this.#digestOf(index) !== expected.digests[index]) {
      expected.different = index ?? -1
      throw new Error('a broadcast has another value here')
    }
    expected.checked.add(index)
  }

  #digestOf(index: number): string | undefined {
    try {
      const value = this.#read[index]!()
      return (this.#digests[index] ??= this.#digest(value))
    } catch {
      return undefined
    }
  }
}
