import { storageLocked, watchedLock, type LockOwner } from '../../base/errors/storage.js'
import type { ObjectStore, Storage } from '../../base/ports.js'
import { ObjectStorage, type ObjectOwners } from '../../durable/objects/object-storage.js'
import { isAlive, type ProcessIdentity, thisProcess } from '../process-identity.js'

export interface ObjectStorageOptions {
  /** The interval at which the owner makes a sign of life, in milliseconds. */
  readonly beatMs?: number
  /** The time in milliseconds without a sign of life after which an owner is replaced. */
  readonly staleMs?: number
  readonly self?: ProcessIdentity
}

interface Owner extends LockOwner, ProcessIdentity {}

const FOLDER = 'beat'

/** Returns a storage on an object store. One program at a time holds its lock, and one that has lost it can write no more. */
export function objectStorage(store: ObjectStore, options: ObjectStorageOptions = {}): Storage {
  return new ObjectStorage(store, new Owners(store, options))
}

/**
 * Owners that make an object from time to time. Whether an owner is dead is a guess that nothing depends on: the log refuses
 * an owner that was replaced while it slept.
 */
class Owners implements ObjectOwners {
  readonly #store: ObjectStore
  readonly #beatMs: number
  readonly #staleMs: number
  readonly #self: ProcessIdentity

  constructor(store: ObjectStore, { beatMs = 5000, staleMs = 20_000, self = thisProcess() }: ObjectStorageOptions) {
    this.#store = store
    this.#beatMs = beatMs
    this.#staleMs = staleMs
    this.#self = self
  }

  self(): string {
    return JSON.stringify({ ...this.#self, since: new Date().toISOString() } satisfies Owner)
  }

  async mustBeFree(text: string, onWait: ((line: string) => void) | undefined): Promise<void> {
    const owner = JSON.parse(text) as Owner
    if (isAlive(owner, this.#self) === false) return
    const before = await this.#signs()
    onWait?.(watchedLock(this.#store.name, owner, this.#staleMs))
    for (let waited = 0; waited < this.#staleMs; waited += this.#beatMs / 4) {
      await process.getBuiltinModule('node:timers/promises').setTimeout(this.#beatMs / 4)
      if ((await this.#signs()) !== before) throw storageLocked(this.#store.name, owner, false)
    }
  }

  begin(epoch: number): () => Promise<void> {
    let count = 0
    let last: string | undefined
    let running: Promise<void> = Promise.resolve()
    const beat = async (): Promise<void> => {
      const next = `${FOLDER}/${epoch}-${++count}`
      await this.#store.create(next, new Uint8Array(0))
      const former = last
      last = next
      if (former !== undefined) await this.#store.delete(former)
    }
    const show = (): void => {
      // A store that is slow gets one sign at a time, and one that is away none.
      running = running.then(beat).catch(() => undefined)
    }
    show()
    const timer = setInterval(show, this.#beatMs)
    timer.unref()
    return async () => {
      clearInterval(timer)
      await running
      if (last !== undefined) await this.#store.delete(last).catch(() => undefined)
    }
  }

  async #signs(): Promise<string> {
    return (await this.#store.list(FOLDER)).sort().join(' ')
  }
}
