import type { SeenKeys } from './seen-keys.js'

/** Stores one block, and resolves when it is durable. */
export type StoreBlock = (records: readonly unknown[], options: { readonly position?: unknown }) => Promise<void>

interface Waiting {
  readonly records: readonly unknown[]
  readonly key: string | undefined
  resolve(): void
  reject(error: unknown): void
}

/** The most records of one block. Requests that come together are one block up to here. */
const MOST_RECORDS = 10_000

/**
 * Stores the records of requests. What comes while a block is being stored is stored together in the next one: a sync of the
 * disk takes as long for a hundred requests as for one, and the position with the keys is written once for all of them.
 */
export class GroupedStore {
  readonly #store: StoreBlock
  readonly #seen: SeenKeys
  readonly #waiting: Waiting[] = []
  /** Requests under way by their key: one that is sent again meanwhile has the fate of the first. */
  readonly #underWay = new Map<string, Promise<void>>()
  #working = false

  constructor(store: StoreBlock, seen: SeenKeys) {
    this.#store = store
    this.#seen = seen
  }

  /** Resolves when the records are durable: to `false` for those of a key that was stored before. */
  async add(records: readonly unknown[], key: string | undefined): Promise<boolean> {
    if (records.length === 0) return true
    if (key === undefined) return this.#push(records, undefined).then(() => true)
    if (this.#seen.has(key)) return false
    const known = this.#underWay.get(key)
    if (known !== undefined) return known.then(() => false)
    const storing = this.#push(records, key)
    this.#underWay.set(key, storing)
    try {
      await storing
    } finally {
      this.#underWay.delete(key)
    }
    return true
  }

  #push(records: readonly unknown[], key: string | undefined): Promise<void> {
    const stored = new Promise<void>((resolve, reject) => this.#waiting.push({ records, key, resolve, reject }))
    if (!this.#working) void this.#work()
    return stored
  }

  async #work(): Promise<void> {
    this.#working = true
    while (this.#waiting.length > 0) {
      const group = this.#nextGroup()
      try {
        await this.#storeGroup(group)
        for (const { resolve } of group) resolve()
      } catch (error) {
        await this.#storeEach(group, error)
      }
    }
    this.#working = false
  }

  #nextGroup(): Waiting[] {
    let records = 0
    const end = this.#waiting.findIndex((one, i) => (records += one.records.length) > MOST_RECORDS && i > 0)
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : end)
  }

  async #storeGroup(group: readonly Waiting[]): Promise<void> {
    const keys = group.flatMap(({ key }) => (key === undefined ? [] : [key]))
    const records = group.flatMap((one) => one.records)
    if (keys.length === 0) return this.#store(records, {})
    const position = this.#seen.with(keys)
    await this.#store(records, { position })
    this.#seen.adopt(position)
  }

  /** A record that cannot be stored fails its own request, and not those that came with it. */
  async #storeEach(group: readonly Waiting[], error: unknown): Promise<void> {
    if (group.length === 1) return group[0]!.reject(error)
    for (const one of group) {
      await this.#storeGroup([one]).then(one.resolve, one.reject)
    }
  }
}
