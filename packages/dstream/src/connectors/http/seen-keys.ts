import { createHash } from 'node:crypto'

/** 54 bits: two of a thousand keys are taken for one in one of 10¹⁰ cases. */
const DIGEST_CHARACTERS = 9

/** The newest idempotency keys, which are stored as the position of the receiver. */
export class SeenKeys {
  readonly #max: number
  readonly #keys: Set<string>

  constructor(max: number, position: unknown) {
    this.#max = max
    const { keys = [] } = (position ?? {}) as { readonly keys?: readonly string[] }
    this.#keys = new Set(keys)
  }

  has(key: string): boolean {
    return this.#keys.has(digestOf(key))
  }

  /** Returns the position with further keys, of which the oldest ones have been left out. */
  with(keys: readonly string[]): { readonly keys: readonly string[] } {
    const all = new Set([...this.#keys, ...keys.map(digestOf)])
    return { keys: [...all].slice(-this.#max) }
  }

  /** Takes over the keys of a position that is durable. */
  adopt({ keys }: { readonly keys: readonly string[] }): void {
    this.#keys.clear()
    for (const key of keys) this.#keys.add(key)
  }
}

function digestOf(key: string): string {
  return createHash('sha256').update(key).digest('base64').slice(0, DIGEST_CHARACTERS)
}
