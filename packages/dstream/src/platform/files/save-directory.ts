import { isAFile, notASavedDirectory, partMissing } from '../../base/errors/sinks.js'
import { storageFailed } from '../../base/errors/storage.js'
import { writeAll } from '../../durable/storage/append-file.js'
import type { FolderDisk } from '../../durable/storage/disk.js'
import type { Sequence } from '../../base/ports.js'

const SUCCESS = '_SUCCESS'
const TAKEN_AT_ONCE = 16
const ours = /^(part-\d{5,}|_SUCCESS)$/
function partName(index: number): string {
  return `part-${String(index).padStart(5, '0')}`
}

/**
 * Writes a directory that appears whole or not at all: it is written under another name, synced and renamed. An
 * existing directory with the same contents stays, so that a batch that is run again takes nothing away from its
 * readers. One with other contents is replaced, and is missing for a moment.
 *
 * Its parts are written from here, or elsewhere into a folder beside it. Where a folder is renamed file by file, `_SUCCESS` is
 * created behind that, and removed before the directory is replaced, so that readers who wait for it see the whole.
 *
 * @param name the name of the directory, on a disk whose root is the folder that contains it
 * @throws `path-in-use` when the directory holds anything that no save has written
 */
export class DirectorySave {
  /** The folder for parts that are written elsewhere. What comes too late there is no part of anything. */
  readonly written: string
  readonly #disk: FolderDisk
  readonly #name: string
  readonly #shown: string
  readonly #fresh: string
  readonly #old: string

  constructor(disk: FolderDisk, name: string, shown: string) {
    this.#disk = disk
    this.#name = name
    this.#shown = shown
    // The names are hidden, so that readers of the folder do not take them for batches.
    this.#fresh = `.${name}.saving`
    this.#old = `.${name}.replaced`
    this.written = `.${name}.written`
  }

  save(parts: Sequence<AsyncIterable<Uint8Array>>): Promise<void> {
    return this.#naming(async () => {
      await this.#begin()
      await this.#make(async () => {
        let index = 0
        for await (const chunks of parts) await this.write(`${this.#fresh}/${partName(index++)}`, chunks)
      })
      await this.#finish()
    })
  }

  /**
   * Saves the files that `write` leaves in the folder `written`.
   *
   * @param write resolves to their names, in order of the partitions
   * @throws `part-missing` for one that is not there
   */
  saveWritten(write: () => Promise<readonly string[]>): Promise<void> {
    return this.#naming(async () => {
      await this.#begin()
      await this.#disk.makeDir(this.written)
      try {
        const files = await write()
        await this.#make(() => this.#takeAll(files))
      } finally {
        // A worker whose file is not waited for any longer may still be at it: the next save removes what it leaves.
        await this.#remove(this.written).catch(() => undefined)
      }
      await this.#finish()
    })
  }

  /** Writes a file of the disk, and syncs it. */
  async write(name: string, chunks: Sequence<Uint8Array>): Promise<void> {
    const file = await this.#disk.create(name)
    try {
      for await (const chunk of chunks) await writeAll(file, chunk)
      await file.sync()
    } finally {
      await file.close()
    }
  }

  async #naming(save: () => Promise<void>): Promise<void> {
    try {
      await save()
    } catch (error) {
      throw isSystemError(error) ? storageFailed('save', this.#shown, error) : error
    }
  }

  async #begin(): Promise<void> {
    await this.#disk.makeDir('')
    await this.#tidy()
    await this.#mustBeOurs()
  }

  async #finish(): Promise<void> {
    if (await this.#isSame()) await this.#remove(this.#fresh)
    else {
      await this.#replace()
      if (!this.#isWhole) await this.write(`${this.#name}/${SUCCESS}`, [])
    }
    await this.#disk.syncDir('')
    if (await this.#remove(this.#old)) await this.#disk.syncDir('')
  }

  /** Whether a folder appears with all that is in it. */
  get #isWhole(): boolean {
    return this.#disk.renamesAtOnce !== false
  }

  /** Removes the remains of a save that a crash has cut. A crash between the two renames needs the old directory back. */
  async #tidy(): Promise<void> {
    const names = await this.#disk.readDir('')
    if (names.includes(`${this.#old}/`)) {
      if (names.includes(`${this.#name}/`)) await this.#remove(this.#old)
      else await this.#bringBack()
    }
    await this.#remove(this.#fresh)
    if (names.includes(`${this.written}/`)) await this.#remove(this.written)
  }

  async #mustBeOurs(): Promise<void> {
    if ((await this.#disk.readDir('')).includes(this.#name)) throw isAFile(this.#shown)
    const foreign = (await this.#disk.readDir(this.#name)).find((entry) => !ours.test(entry))
    if (foreign !== undefined) throw notASavedDirectory(this.#shown, foreign)
  }

  /** Makes the folder that becomes the directory. */
  async #make(parts: () => Promise<void>): Promise<void> {
    try {
      await this.#disk.makeDir(this.#fresh)
      await parts()
      if (this.#isWhole) await this.write(`${this.#fresh}/${SUCCESS}`, [])
      await this.#disk.syncDir(this.#fresh)
    } catch (error) {
      await this.#remove(this.#fresh).catch(() => undefined)
      throw error
    }
  }

  /** Makes written files the parts: a few at once, since a call to a store far away is mostly waiting. */
  async #takeAll(files: readonly string[]): Promise<void> {
    let next = 0
    const takeNext = async (): Promise<void> => {
      for (let i = next++; i < files.length; i = next++) await this.#take(files[i]!, i)
    }
    const ended = await Promise.allSettled(Array.from({ length: TAKEN_AT_ONCE }, takeNext))
    const failed = ended.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined
    if (failed !== undefined) throw failed.reason
  }

  async #take(file: string, index: number): Promise<void> {
    try {
      await this.#disk.rename(`${this.written}/${file}`, `${this.#fresh}/${partName(index)}`)
    } catch (error) {
      const isThere = (await this.#disk.sizeOf(`${this.written}/${file}`)) !== undefined
      throw isThere ? error : partMissing(this.#shown, index, file)
    }
  }

  async #isSame(): Promise<boolean> {
    const names = (await this.#disk.readDir(this.#fresh)).sort()
    const there = (await this.#disk.readDir(this.#name)).sort()
    const whole = this.#isWhole ? names : [SUCCESS, ...names]
    if (whole.join() !== there.join()) return false
    for (const name of names) {
      if (!(await this.#areSame(`${this.#fresh}/${name}`, `${this.#name}/${name}`))) return false
    }
    return true
  }

  async #areSame(...[one, other]: readonly [string, string]): Promise<boolean> {
    if (this.#disk.isSame !== undefined) return this.#disk.isSame(one, other)
    const [first, second] = await Promise.all([this.#disk.read(one), this.#disk.read(other)])
    return first !== undefined && second !== undefined && Buffer.compare(first, second) === 0
  }

  async #replace(): Promise<void> {
    const there = (await this.#disk.readDir('')).includes(`${this.#name}/`)
    if (there) {
      // A reader must not find it in a folder of which a part has gone.
      if (!this.#isWhole) await this.#disk.unlink(`${this.#name}/${SUCCESS}`)
      await this.#disk.rename(this.#name, this.#old)
    }
    try {
      await this.#disk.rename(this.#fresh, this.#name)
    } catch (error) {
      if (there) await this.#bringBack().catch(() => undefined)
      throw error
    }
  }

  /** Gives the old directory its name again. */
  async #bringBack(): Promise<void> {
    await this.#disk.rename(this.#old, this.#name)
    if (!this.#isWhole) await this.write(`${this.#name}/${SUCCESS}`, [])
  }

  /** Resolves to false when there is no such folder. */
  async #remove(folder: string): Promise<boolean> {
    for (const name of await this.#disk.readDir(folder)) await this.#disk.unlink(`${folder}/${name}`)
    return this.#disk.removeDir(folder)
  }
}

function isSystemError(error: unknown): boolean {
  return typeof (error as { syscall?: unknown } | null)?.syscall === 'string'
}
