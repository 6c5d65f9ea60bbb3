import type { Storage } from '../../base/ports.js'
import { forever } from './forever.js'

/**
 * A storage as one life uses it, which a test ends as if its process had died: from then on no call begins, and those that
 * are under way never come back, so that nothing is written which was not asked for before.
 */
export class MortalStorage implements Storage {
  readonly #storage: Storage
  #dead = false
  #locking: Promise<() => Promise<void>> | undefined

  constructor(storage: Storage) {
    this.#storage = storage
  }

  append(file: string, bytes: Uint8Array): Promise<void> {
    return this.#call(() => this.#storage.append(file, bytes))
  }

  read(file: string): Promise<Uint8Array | undefined> {
    return this.#call(() => this.#storage.read(file))
  }

  put(file: string, bytes: Uint8Array): Promise<void> {
    return this.#call(() => this.#storage.put(file, bytes))
  }

  list(prefix: string): Promise<string[]> {
    return this.#call(() => this.#storage.list(prefix))
  }

  delete(file: string): Promise<void> {
    return this.#call(() => this.#storage.delete(file))
  }

  lock(): Promise<() => Promise<void>> {
    return this.#call(() => (this.#locking = this.#storage.lock().then(once)))
  }

  /** Gives the lock back, as the system does; resolves when the next life can have it. */
  async die(): Promise<void> {
    this.#dead = true
    const release = await this.#locking?.catch(() => undefined)
    await release?.()
  }

  async #call<T>(begin: () => Promise<T>): Promise<T> {
    if (this.#dead) return forever()
    try {
      const result = await begin()
      return this.#dead ? await forever<T>() : result
    } catch (error) {
      if (this.#dead) return forever()
      throw error
    }
  }
}

/** The lock may be the next life's when the one that has died gives it back once more. */
function once(release: () => Promise<void>): () => Promise<void> {
  let released: Promise<void> | undefined
  return () => (released ??= release())
}
