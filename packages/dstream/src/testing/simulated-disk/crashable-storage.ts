import type { Storage } from '../../base/ports.js'
import { neverSettles } from './never-settles.js'

/**
 * The storage as one run of a program sees it, which a test ends by a crash. After the crash no call reaches the
 * storage, and calls under way never settle, so that only bytes written before the crash are in the storage afterwards.
 */
export class CrashableStorage implements Storage {
  readonly #storage: Storage
  #crashed = false
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

  lock(onWait?: (line: string) => void): Promise<() => Promise<void>> {
    return this.#call(() => (this.#locking = this.#storage.lock(onWait).then(once)))
  }

  /** Crashes the run and releases its lock, as the system does. Resolves when the next run can take the lock. */
  async crash(): Promise<void> {
    this.#crashed = true
    const release = await this.#locking?.catch(() => undefined)
    await release?.()
  }

  async #call<T>(begin: () => Promise<T>): Promise<T> {
    if (this.#crashed) return neverSettles()
    try {
      const result = await begin()
      return this.#crashed ? await neverSettles<T>() : result
    } catch (error) {
      if (this.#crashed) return neverSettles()
      throw error
    }
  }
}

/** Makes only the first call release the lock: a second one would free the lock of the next run. */
function once(release: () => Promise<void>): () => Promise<void> {
  let released: Promise<void> | undefined
  return () => (released ??= release())
}
