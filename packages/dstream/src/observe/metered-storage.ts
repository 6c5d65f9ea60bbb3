import type { Clock, Storage } from '../base/ports.js'

/** The writes to one group of files of a storage. Times and durations are milliseconds. */
export interface WriteFigures {
  /** The first word of the names of the files: `journal`, `commits`, `snapshot`. */
  readonly group: string
  readonly writes: number
  readonly bytes: number
  readonly failures: number
  readonly totalMs: number
  readonly lastMs: number
  readonly lastBytes: number
  /** The time at which the last write ended, since the epoch. */
  readonly lastTime: number
}

/** Returns the first word of a file's path. */
function groupOf(file: string): string {
  return /^[a-z]+/i.exec(file)?.[0] ?? file
}

/** Passes everything on to a storage, and measures the writes. */
export class MeteredStorage implements Storage {
  readonly #storage: Storage
  readonly #clock: Clock
  readonly #figures = new Map<string, WriteFigures>()

  constructor(storage: Storage, clock: Clock) {
    this.#storage = storage
    this.#clock = clock
  }

  get figures(): readonly WriteFigures[] {
    return [...this.#figures.values()]
  }

  append(file: string, bytes: Uint8Array): Promise<void> {
    return this.#measured(file, bytes, () => this.#storage.append(file, bytes))
  }

  put(file: string, bytes: Uint8Array): Promise<void> {
    return this.#measured(file, bytes, () => this.#storage.put(file, bytes))
  }

  read(file: string): Promise<Uint8Array | undefined> {
    return this.#storage.read(file)
  }

  list(prefix: string): Promise<string[]> {
    return this.#storage.list(prefix)
  }

  delete(file: string): Promise<void> {
    return this.#storage.delete(file)
  }

  lock(onWait?: (line: string) => void): Promise<() => Promise<void>> {
    return this.#storage.lock(onWait)
  }

  async #measured(file: string, { length }: Uint8Array, write: () => Promise<void>): Promise<void> {
    const begunMs = this.#clock.now()
    const group = groupOf(file)
    try {
      await write()
    } catch (error) {
      this.#add(group, { failures: 1 })
      throw error
    }
    const lastTime = this.#clock.now()
    const lastMs = lastTime - begunMs
    this.#add(group, { writes: 1, bytes: length, totalMs: lastMs, lastMs, lastBytes: length, lastTime })
  }

  #add(group: string, write: Partial<WriteFigures>): void {
    const known = this.#figures.get(group)
    this.#figures.set(group, {
      group,
      writes: (known?.writes ?? 0) + (write.writes ?? 0),
      bytes: (known?.bytes ?? 0) + (write.bytes ?? 0),
      failures: (known?.failures ?? 0) + (write.failures ?? 0),
      totalMs: (known?.totalMs ?? 0) + (write.totalMs ?? 0),
      lastMs: write.lastMs ?? known?.lastMs ?? 0,
      lastBytes: write.lastBytes ?? known?.lastBytes ?? 0,
      lastTime: write.lastTime ?? known?.lastTime ?? 0,
    })
  }
}
