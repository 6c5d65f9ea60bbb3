import type { FileEntry, Files } from '../src/base/ports.js'

/** Files for tests, with the dates that a test wants. */
export class MemoryFiles implements Files {
  readonly #files = new Map<string, { readonly bytes: Uint8Array; readonly modifiedMs: number }>()
  readonly #directories = new Set<string>()
  /** What the next calls throw. */
  readonly failures: Error[] = []

  write(path: string, content: string | Uint8Array, modifiedMs: number): void {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
    this.#files.set(path, { bytes, modifiedMs })
    this.makeDirectory(path.slice(0, path.lastIndexOf('/')))
  }

  makeDirectory(path: string): void {
    this.#directories.add(path)
  }

  remove(path: string): void {
    this.#files.delete(path)
  }

  entries(directory: string): Promise<readonly FileEntry[] | undefined> {
    const failure = this.failures.shift()
    if (failure !== undefined) return Promise.reject(failure)
    const base = directory === '.' ? '' : directory.endsWith('/') ? directory : `${directory}/`
    const found = new Map<string, FileEntry['kind']>()
    for (const path of [...this.#files.keys(), ...[...this.#directories].map((name) => `${name}/`)]) {
      if (!path.startsWith(base) || path === base) continue
      const [name, ...below] = path.slice(base.length).split('/')
      if (name !== '') found.set(name!, below.length > 0 ? 'directory' : 'file')
    }
    if (found.size === 0 && !this.#directories.has(base.slice(0, -1))) return Promise.resolve(undefined)
    return Promise.resolve([...found].map(([name, kind]) => ({ name, kind })))
  }

  modifiedMs(path: string): Promise<number | undefined> {
    return Promise.resolve(this.#files.get(path)?.modifiedMs)
  }

  readText(path: string): AsyncIterable<Uint8Array> {
    return this.read(path)
  }

  async *read(path: string): AsyncIterable<Uint8Array> {
    const file = this.#files.get(path)
    if (file === undefined) throw new Error(`ENOENT: no such file, ${path}`)
    for (let from = 0; from < file.bytes.length; from += 7) yield file.bytes.subarray(from, from + 7)
  }
}
