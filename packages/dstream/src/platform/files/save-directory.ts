import { isAFile, notASavedDirectory } from '../../base/errors/sinks.js'
import { storageFailed } from '../../base/errors/storage.js'
import { writeAll } from '../../durable/storage/append-file.js'
import type { Disk } from '../../durable/storage/disk.js'
import type { Sequence } from '../../base/ports.js'

const ours = /^(part-\d{5,}|_SUCCESS)$/
function partName(index: number): string {
  return `part-${String(index).padStart(5, '0')}`
}

/**
 * Writes a directory that appears whole or not at all: it is written under another name, synced and renamed. An
 * existing directory with the same contents stays, so that a batch that is run again takes nothing away from its
 * readers. One with other contents is replaced, and is missing for a moment.
 *
 * @param name the name of the directory, on a disk whose root is the folder that contains it
 * @throws `path-in-use` when the directory holds anything that no save has written
 */
export class DirectorySave {
  readonly #disk: Disk
  readonly #name: string
  readonly #shown: string
  readonly #fresh: string
  readonly #old: string

  constructor(disk: Disk, name: string, shown: string) {
    this.#disk = disk
    this.#name = name
    this.#shown = shown
    // The names are hidden, so that readers of the folder do not take them for batches.
    this.#fresh = `.${name}.saving`
    this.#old = `.${name}.replaced`
  }

  async save(parts: Sequence<AsyncIterable<Uint8Array>>): Promise<void> {
    try {
      await this.#disk.makeDir('')
      await this.#tidy()
      await this.#mustBeOurs()
      await this.#write(parts)
      if (await this.#isSame()) await this.#remove(this.#fresh)
      else await this.#replace()
      await this.#disk.syncDir('')
      if (await this.#remove(this.#old)) await this.#disk.syncDir('')
    } catch (error) {
      throw isSystemError(error) ? storageFailed('save', this.#shown, error) : error
    }
  }

  /** Removes the remains of a save that a crash has cut. A crash between the two renames needs the old directory back. */
  async #tidy(): Promise<void> {
    const names = await this.#disk.readDir('')
    if (names.includes(`${this.#old}/`)) {
      if (names.includes(`${this.#name}/`)) await this.#remove(this.#old)
      else await this.#disk.rename(this.#old, this.#name)
    }
    await this.#remove(this.#fresh)
  }

  async #mustBeOurs(): Promise<void> {
    if ((await this.#disk.readDir('')).includes(this.#name)) throw isAFile(this.#shown)
    const foreign = (await this.#disk.readDir(this.#name)).find((entry) => !ours.test(entry))
    if (foreign !== undefined) throw notASavedDirectory(this.#shown, foreign)
  }

  async #write(parts: Sequence<AsyncIterable<Uint8Array>>): Promise<void> {
    try {
      await this.#disk.makeDir(this.#fresh)
      let index = 0
      for await (const chunks of parts) await this.#writeFile(partName(index++), chunks)
      await this.#writeFile('_SUCCESS', [])
      await this.#disk.syncDir(this.#fresh)
    } catch (error) {
      await this.#remove(this.#fresh).catch(() => undefined)
      throw error
    }
  }

  async #writeFile(name: string, chunks: Sequence<Uint8Array>): Promise<void> {
    const file = await this.#disk.create(`${this.#fresh}/${name}`)
    try {
      for await (const chunk of chunks) await writeAll(file, chunk)
      await file.sync()
    } finally {
      await file.close()
    }
  }

  async #isSame(): Promise<boolean> {
    const names = (await this.#disk.readDir(this.#fresh)).sort()
    const there = (await this.#disk.readDir(this.#name)).sort()
    if (names.join() !== there.join()) return false
    for (const name of names) {
      const [one, two] = await Promise.all(
        [this.#fresh, this.#name].map((folder) => this.#disk.read(`${folder}/${name}`)),
      )
      if (one === undefined || two === undefined || Buffer.compare(one, two) !== 0) return false
    }
    return true
  }

  async #replace(): Promise<void> {
    const there = (await this.#disk.readDir('')).includes(`${this.#name}/`)
    if (there) await this.#disk.rename(this.#name, this.#old)
    try {
      await this.#disk.rename(this.#fresh, this.#name)
    } catch (error) {
      if (there) await this.#disk.rename(this.#old, this.#name).catch(() => undefined)
      throw error
    }
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
