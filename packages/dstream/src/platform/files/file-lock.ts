import { link, open, readdir, readFile, stat, unlink, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { lockLost, type LockOwner, storageFailed, storageLocked, watchedLock } from '../../base/errors/storage.js'
import type { HeldLock } from '../../durable/storage/disk-storage.js'
import { TEMPORARY } from '../../durable/storage/file-name.js'
import { isAlive, type ProcessIdentity, thisProcess } from '../process-identity.js'

export interface FileLockOptions {
  /** The interval at which the owner touches its file, in milliseconds. */
  readonly beatMs?: number
  /** The time in milliseconds without a touch after which an owner counts as dead, if nothing else is known about it. */
  readonly staleMs?: number
  readonly self?: ProcessIdentity
  /** Called with a line for the log when the lock of an owner that may be dead has to be watched. */
  readonly onWait?: ((line: string) => void) | undefined
}

interface Owner extends LockOwner, ProcessIdentity {
  readonly token: string
  readonly released?: boolean
}

/** The error codes of `link` on file systems without hard links. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EINVAL']

/** The last name in a lock file before the release, which says nothing to readers, and after it: one letter cannot be read half. */
const HELD = 'Released'
const FREE = 'released'

function fileName(generation: number): string {
  return `lock.${String(generation).padStart(6, '0')}`
}
function generationOf(name: string): number {
  return Number(/^lock\.(\d{6,})$/.exec(name)?.[1] ?? 0)
}

/**
 * Takes a lock that processes agree on without flock, which Node does not have, and without pids, which say nothing
 * between containers.
 *
 * Each owner creates the file of the next generation, `lock.000007`, exclusively. Of several processes that find an
 * owner dead only one succeeds, and a latecomer finds a higher generation than its own. The file is written under
 * another name and linked to its own, so that no reader and no crash finds half of it. Numbers are never reused. The
 * owner touches its file every second; it counts as dead when /proc says so, or when the file has not been touched for
 * ten seconds. An owner that was only suspended for so long finds the higher generation before it writes again, and
 * stops.
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
  readonly #onWait: ((line: string) => void) | undefined
  readonly #owner: Owner
  #generation = 0
  #timer: NodeJS.Timeout | undefined
  #shownAt = 0
  #lost: { readonly gone: boolean } | undefined

  constructor(
    directory: string,
    name: string,
    { beatMs = 1000, staleMs = 10_000, self = thisProcess(), onWait }: FileLockOptions,
  ) {
    this.#directory = directory
    this.#name = name
    this.#self = self
    this.#beatMs = beatMs
    this.#staleMs = staleMs
    this.#onWait = onWait
    this.#owner = { ...self, token: crypto.randomUUID(), since: new Date().toISOString() }
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
    return { verify: () => this.#verify(), confirm: () => this.#show(), release: () => this.#release() }
  }

  /** Checks the lock; returns `undefined` at once while the last check is recent. */
  #verify(): Promise<void> | undefined {
    if (this.#lost === undefined && performance.now() - this.#shownAt < this.#staleMs / 2) return undefined
    return this.#show()
  }

  async #show(): Promise<void> {
    const now = new Date()
    const touched = await utimes(this.#path(this.#generation), now, now).then(
      () => true,
      () => false,
    )
    const newest = await this.#newest().catch(() => 0)
    if (newest !== this.#generation || !touched) this.#lost ??= { gone: newest <= this.#generation }
    if (this.#lost !== undefined) {
      clearInterval(this.#timer)
      throw lockLost(this.#name, this.#lost.gone)
    }
    this.#shownAt = performance.now()
  }

  /**
   * Marks the file as free. The file stays, since its generation must not be reused. The mark is one byte in place of another, so
   * that it fits on a full disk and cannot be read half.
   */
  async #release(): Promise<void> {
    clearInterval(this.#timer)
    if (this.#lost !== undefined || (await this.#newest().catch(() => 0)) !== this.#generation) return
    const handle = await open(this.#path(this.#generation), 'r+').catch(() => undefined)
    const text = textOf(this.#owner)
    const before = Buffer.byteLength(text.slice(0, text.lastIndexOf(HELD)))
    await handle?.write(FREE[0]!, before).catch(() => undefined)
    await handle?.close()
  }

  /**
   * Returns when the lock may be taken over. A lock whose file is whole or touched is never taken from a living owner.
   */
  async #mustBeFree(generation: number): Promise<void> {
    const path = this.#path(generation)
    const before = await touchedMs(path)
    for (let waited = 0; ; waited += this.#beatMs / 4) {
      const owner = await readOwner(path)
      if (owner?.released === true) return
      const alive = owner === undefined ? undefined : isAlive(owner, this.#self)
      const now = await touchedMs(path)
      if (alive === false || now === undefined) return
      if (alive === true || now !== before) {
        throw storageLocked(this.#name, owner, owner?.pid === this.#self.pid && alive === true)
      }
      // A living owner completes its text, or touches the file, within one interval.
      const watchMs = owner === undefined ? 2 * this.#beatMs : this.#staleMs
      if (waited >= watchMs || (owner === undefined && (await this.#age(now)) >= watchMs)) return
      if (waited === 0) this.#onWait?.(watchedLock(this.#name, owner, watchMs))
      await process.getBuiltinModule('node:timers/promises').setTimeout(this.#beatMs / 4)
    }
  }

  /** Returns the time since a file was touched, by the clock of its file system. */
  async #age(ms: number): Promise<number> {
    const beside = await this.#writeBeside()
    const now = await touchedMs(beside)
    await unlink(beside).catch(() => undefined)
    return (now ?? ms) - ms
  }

  async #create(generation: number): Promise<boolean> {
    const path = this.#path(generation)
    const beside = await this.#writeBeside()
    try {
      await link(beside, path)
      return true
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? ''
      // A faster process has the generation; as the new owner it deletes temporary files.
      if (code === 'EEXIST' || code === 'ENOENT') return false
      if (!NO_LINKS.includes(code)) throw error
      return await this.#createInPlace(path)
    } finally {
      await unlink(beside).catch(() => undefined)
    }
  }

  async #createInPlace(path: string): Promise<boolean> {
    try {
      await this.#write(path)
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
      throw error
    }
  }

  async #writeBeside(): Promise<string> {
    const beside = join(this.#directory, `lock-${this.#owner.token}${TEMPORARY}`)
    await unlink(beside).catch(() => undefined)
    await this.#write(beside)
    return beside
  }

  /** Creates a file with the owner's text and syncs it, since a power cut must not leave an empty one. */
  async #write(path: string): Promise<void> {
    const handle = await open(path, 'wx', 0o644)
    try {
      await handle.writeFile(textOf(this.#owner))
      await handle.sync()
    } catch (error) {
      await unlink(path).catch(() => undefined)
      throw error
    } finally {
      await handle.close()
    }
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

/** Returns the text of a lock file that is held. */
function textOf(owner: Owner): string {
  return JSON.stringify({ ...owner, [HELD]: true })
}

async function touchedMs(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.mtimeMs
}

/**
 * Reads a lock file. Returns `undefined` for a damaged one, which a file system without links or an earlier version may
 * leave.
 */
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
