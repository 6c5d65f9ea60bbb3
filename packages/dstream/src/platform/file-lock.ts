import { randomUUID } from 'node:crypto'
import { open, readdir, readFile, stat, unlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { lockLost, type LockOwner, storageFailed, storageLocked } from '../base/errors/storage.js'
import type { HeldLock } from '../durable/storage/disk-storage.js'
import { isAlive, type ProcessIdentity, thisProcess } from './process-identity.js'

export interface FileLockOptions {
  /** How often the owner shows that it lives, in milliseconds. */
  readonly beatMs?: number
  /** An owner of whom nothing else is known is dead when it has shown nothing for so long, in milliseconds. */
  readonly staleMs?: number
  readonly self?: ProcessIdentity
}

interface Owner extends LockOwner, ProcessIdentity {
  readonly token: string
  readonly released?: boolean
}

function fileName(generation: number): string {
  return `lock.${String(generation).padStart(6, '0')}`
}
function generationOf(name: string): number {
  return Number(/^lock\.(\d{6,})$/.exec(name)?.[1] ?? 0)
}

/**
 * A lock that two processes can agree on without flock, which Node does not have, and without pids, which say nothing
 * between containers.
 *
 * Each owner creates the file of the next generation, `lock.000007`, exclusively: of several that find an owner dead only
 * one succeeds, and whoever is late finds a higher generation than its own. Numbers are never used again. The owner
 * touches its file every second; it is dead when /proc says so, or when nothing has been touched for ten seconds. An
 * owner that was merely asleep so long sees the higher generation before it writes again, and stops.
 *
 * @throws `storage-locked`, naming the owner
 */
export async function acquireFileLock(
  directory: string,
  name: string,
  options: FileLockOptions = {},
): Promise<HeldLock> {
  try {
    return await new FileLock(directory, name, options).acquire()
  } catch (error) {
    throw storageFailed('lock', name, error)
  }
}

class FileLock {
  readonly #directory: string
  readonly #name: string
  readonly #self: ProcessIdentity
  readonly #beatMs: number
  readonly #staleMs: number
  readonly #owner: Owner
  #generation = 0
  #timer: NodeJS.Timeout | undefined
  #shownAt = 0
  #lost = false

  constructor(
    directory: string,
    name: string,
    { beatMs = 1000, staleMs = 10_000, self = thisProcess() }: FileLockOptions,
  ) {
    this.#directory = directory
    this.#name = name
    this.#self = self
    this.#beatMs = beatMs
    this.#staleMs = staleMs
    this.#owner = { ...self, token: randomUUID(), since: new Date().toISOString() }
  }

  async acquire(): Promise<HeldLock> {
    for (;;) {
      const newest = await this.#newest()
      if (newest > 0) await this.#mustBeFree(newest)
      if (!(await this.#create(newest + 1))) continue
      this.#generation = newest + 1
      if ((await this.#newest()) === this.#generation) break
      await unlink(this.#path(this.#generation)).catch(() => undefined)
    }
    await this.#removeOlder()
    this.#shownAt = performance.now()
    this.#timer = setInterval(() => void this.#show().catch(() => undefined), this.#beatMs)
    this.#timer.unref()
    return { verify: () => this.#verify(), release: () => this.#release() }
  }

  /** Nothing to wait for while the last sign of life is young. */
  #verify(): Promise<void> | undefined {
    if (!this.#lost && performance.now() - this.#shownAt < this.#staleMs / 2) return undefined
    return this.#show()
  }

  async #show(): Promise<void> {
    const now = new Date()
    await utimes(this.#path(this.#generation), now, now).catch(() => (this.#lost = true))
    if ((await this.#newest()) !== this.#generation) this.#lost = true
    if (this.#lost) {
      clearInterval(this.#timer)
      throw lockLost(this.#name)
    }
    this.#shownAt = performance.now()
  }

  /** The file stays and says that it is free: its generation must not be used again. */
  async #release(): Promise<void> {
    clearInterval(this.#timer)
    if (this.#lost || (await this.#newest()) !== this.#generation) return
    await writeFile(this.#path(this.#generation), JSON.stringify({ ...this.#owner, released: true })).catch(
      () => undefined,
    )
  }

  async #mustBeFree(generation: number): Promise<void> {
    const path = this.#path(generation)
    const touched = async (): Promise<number | undefined> => (await stat(path).catch(() => undefined))?.mtimeMs
    const before = await touched()
    for (let waited = 0; ; waited += this.#beatMs / 4) {
      const owner = await readOwner(path)
      if (owner?.released === true) return
      const alive = owner === undefined ? undefined : isAlive(owner, this.#self)
      const now = await touched()
      if (alive === false || now === undefined) return
      if (owner !== undefined && (alive === true || now !== before)) {
        throw storageLocked(this.#name, owner, owner.pid === this.#self.pid && alive === true)
      }
      if (waited >= this.#staleMs) return
      await sleep(this.#beatMs / 4)
    }
  }

  async #create(generation: number): Promise<boolean> {
    const handle = await open(this.#path(generation), 'wx', 0o644).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return undefined
      throw error
    })
    if (handle === undefined) return false
    try {
      await handle.writeFile(JSON.stringify(this.#owner))
    } catch (error) {
      await unlink(this.#path(generation)).catch(() => undefined)
      throw error
    } finally {
      await handle.close()
    }
    return true
  }

  async #newest(): Promise<number> {
    return Math.max(0, ...(await readdir(this.#directory)).map(generationOf))
  }

  async #removeOlder(): Promise<void> {
    for (const name of await readdir(this.#directory)) {
      const generation = generationOf(name)
      if (generation > 0 && generation < this.#generation)
        await unlink(join(this.#directory, name)).catch(() => undefined)
    }
  }

  #path(generation: number): string {
    return join(this.#directory, fileName(generation))
  }
}

/** `undefined` when it cannot be read: it is being written, or its owner has died while writing it. */
async function readOwner(path: string): Promise<Owner | undefined> {
  try {
    const owner = JSON.parse(await readFile(path, 'utf8')) as Owner
    return typeof owner?.pid === 'number' && typeof owner.host === 'string' && typeof owner.since === 'string'
      ? owner
      : undefined
  } catch {
    return undefined
  }
}
