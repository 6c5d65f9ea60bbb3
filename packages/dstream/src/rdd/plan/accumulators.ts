/** An accumulator that takes additions that were made elsewhere. */
export interface Addable {
  /** @param added the values in order; for a sum, the sum of them and their number */
  merge(added: readonly unknown[]): void
}

/** The additions of a task, by the address of the accumulator. */
export type Additions = readonly (readonly [address: string, added: readonly unknown[]])[]

/** The additions of the running task; `undefined` where accumulators of this thread are those of the program. */
let recording: Map<string, unknown[]> | undefined

/** Begins to record the additions of a task. Tasks run one after the other. */
export function recordAdditions(): void {
  recording = new Map()
}

/** Ends the recording, and returns what was recorded. */
export function takeAdditions(): Additions {
  const taken = [...(recording ?? [])]
  recording = undefined
  return taken
}

/** Calls a function within a task, of which the thread of the program makes the additions itself. */
export function unrecorded<R>(f: () => R): R {
  const outer = recording
  recording = outer && new Map()
  try {
    return f()
  } finally {
    recording = outer
  }
}

/** Returns whether a value was recorded. One without an address has to be added in the thread of the program. */
export function recordedValue(address: string | undefined, value: unknown): boolean {
  if (recording === undefined || address === undefined) return false
  const values = recording.get(address)
  if (values === undefined) recording.set(address, [value])
  else values.push(value)
  return true
}

/** Does what `recordedValue` does, for a number that is added up. */
export function recordedSum(address: string | undefined, value: number): boolean {
  if (recording === undefined || address === undefined) return false
  const [sum, count] = (recording.get(address) ?? [0, 0]) as [number, number]
  recording.set(address, [sum + value, count + 1])
  return true
}

/**
 * The accumulators that a program makes while it builds its graph, in their order: two threads that build the same graph find the
 * same ones. Those that are made later are known in their thread only.
 */
export class Accumulators {
  readonly #all = new Map<string, Addable>()
  #isComplete = false

  /** Returns the address of an accumulator; `undefined` for one that is made once the graph is complete. */
  register(accumulator: Addable): string | undefined {
    if (this.#isComplete) return undefined
    const address = String(this.#all.size)
    this.#all.set(address, accumulator)
    return address
  }

  complete(): void {
    this.#isComplete = true
  }

  /** Makes the additions of a task that was done elsewhere. */
  merge(additions: Additions): void {
    for (const [address, added] of additions) this.#all.get(address)?.merge(added)
  }
}
