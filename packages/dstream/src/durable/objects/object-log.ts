import { DamagedError, lockLost, storageFailed } from '../../base/errors/storage.js'
import type { ObjectStore } from '../../base/ports.js'
import { decodeEntry, encodeEntry, type Entry, type EntryHead, type Piece } from './entry.js'

const FOLDER = 'log'
/** The entries that are read at once. */
const READ_AT_ONCE = 16
/** How often a log is listed anew, where its owner deletes entries while they are read. */
const MOST_LISTINGS = 20

function nameOf(number: number): string {
  return `${FOLDER}/${String(number).padStart(16, '0')}`
}

/** The part of an entry that its writer says. */
export type NewEntry = Pick<EntryHead, 'owner' | 'claims' | 'changes' | 'table'> & {
  readonly body?: Uint8Array | undefined
}

/**
 * The changes of a storage as a log of objects, of which each is created under the next number, and the files that they make.
 *
 * A number can be taken once. That is the whole fence: an owner begins by taking the next number with a higher epoch, and the
 * former owner, which knows nothing of it, fails to take the same number for its next change, however long it has slept. The
 * numbers that a sleeper could still try are therefore never free again: the first one of each owner, and the one before
 * it, which is the last one that the former owner may have tried without an answer.
 */
export class ObjectLog {
  readonly #store: ObjectStore
  readonly #writer = crypto.randomUUID()
  #files = new Map<string, Piece[]>()
  #claims: number[] = []
  #last: EntryHead | undefined
  #ids = 0
  /** The epoch in which this log may write; `undefined` before it has claimed one, and once another has. */
  #epoch: number | undefined

  constructor(store: ObjectStore) {
    this.#store = store
  }

  get files(): ReadonlyMap<string, readonly Piece[]> {
    return this.#files
  }

  /** Whether this log holds the newest epoch, as far as it knows. */
  get isOwner(): boolean {
    return this.#epoch !== undefined
  }

  get epoch(): number {
    return this.#epoch ?? 0
  }

  /** The text of the present owner; `undefined` where the storage is free or this log's own. */
  get owner(): string | undefined {
    const { owner, writer } = this.#last ?? {}
    return writer === this.#writer ? undefined : (owner ?? undefined)
  }

  /** The entries since the newest table. */
  get length(): number {
    return this.#last === undefined ? 0 : this.#last.number - this.#last.base
  }

  get claims(): readonly number[] {
    return this.#claims
  }

  /** Reads the entries that others have written. */
  async refresh(): Promise<void> {
    for (let listing = 1; ; listing++) {
      const numbers = (await this.#numbers()).filter((number) => number > (this.#last?.number ?? 0))
      const newest = numbers.at(-1)
      if (newest === undefined) return
      const missing = await this.#catchUp(newest)
      if (missing === undefined) return
      if (listing === MOST_LISTINGS) throw new DamagedError(missing, 0, 'it is gone')
    }
  }

  /** Reads up to an entry. Resolves to the name of an entry that is not there, which its owner may have deleted just now. */
  async #catchUp(newest: number): Promise<string | undefined> {
    const last = await this.read(newest)
    if (last === undefined) return nameOf(newest)
    const from = Math.max((this.#last?.number ?? 0) + 1, last.head.base)
    for (let at = from; at < newest; at += READ_AT_ONCE) {
      const numbers = Array.from({ length: Math.min(READ_AT_ONCE, newest - at) }, (_, i) => at + i)
      const entries = await Promise.all(numbers.map((number) => this.read(number)))
      for (const [i, entry] of entries.entries()) {
        if (entry === undefined) return nameOf(numbers[i]!)
        this.#apply(entry)
      }
    }
    this.#apply(last)
    return undefined
  }

  /**
   * Takes the next number with a higher epoch. Resolves to false when another was faster, whose entries have to be read before the
   * next try.
   */
  async claim(owner: string | null): Promise<boolean> {
    const table = this.#last === undefined ? { files: [], claims: [] } : undefined
    const epoch = (this.#last?.epoch ?? 0) + 1
    const entry = this.#entry(epoch, { owner, table, claims: true })
    const number = entry.head.number
    if (!(await this.#create(entry))) {
      const found = await this.read(number)
      if (found?.head.writer !== this.#writer || found.head.id !== entry.head.id) return false
    }
    // One that slept behind its reading may have taken a number that others have used and deleted: theirs go on behind it.
    if ((await this.#numbers()).at(-1) !== number) return false
    this.#apply(entry)
    this.#epoch = epoch
    return true
  }

  /**
   * Writes an entry under the next number. Resolves to the objects that no file needs any longer.
   * @throws `lock-lost` when another owner has taken that number; nothing is written then
   */
  async add(entry: NewEntry): Promise<readonly string[]> {
    const unneeded: string[] = []
    for (;;) {
      if (this.#epoch === undefined) throw lockLost(this.#store.name, false)
      const next = this.#entry(this.#epoch, entry)
      if (await this.#create(next)) return [...unneeded, ...this.#apply(next)]
      const found = await this.read(next.head.number)
      if (found?.head.writer !== this.#writer) {
        this.#epoch = undefined
        throw lockLost(this.#store.name, false)
      }
      unneeded.push(...this.#apply(found))
      if (found.head.id === next.head.id) return unneeded
      // An earlier call of this log was answered by an error and has had its effect nevertheless: a table is now too old.
      if (entry.table !== undefined) return unneeded
    }
  }

  /** Gives the epoch back; a later write begins one of its own. */
  leave(): void {
    this.#epoch = undefined
  }

  /** @throws `checkpoint-damaged`, `checkpoint-newer-format` */
  async read(number: number): Promise<Entry | undefined> {
    const object = nameOf(number)
    const bytes = await this.#store.read(object).catch((error: unknown) => {
      throw storageFailed('read', `${this.#store.name}/${object}`, error)
    })
    if (bytes === undefined) return undefined
    const entry = decodeEntry(object, bytes)
    if (entry.head.number !== number) throw new DamagedError(object, 0, `it is entry ${entry.head.number}`)
    return entry
  }

  /** Returns the names of the entries that nobody reads any more. */
  async unread(): Promise<readonly string[]> {
    const kept = new Set(this.#claims.flatMap((number) => [number - 1, number]))
    const base = this.#last?.base ?? 0
    return (await this.#numbers()).filter((number) => number < base && !kept.has(number)).map(nameOf)
  }

  async #numbers(): Promise<number[]> {
    const names = await this.#store.list(FOLDER).catch((error: unknown) => {
      throw storageFailed('list', `${this.#store.name}/${FOLDER}`, error)
    })
    return names
      .filter((name) => /^\d{16}$/.test(name))
      .map(Number)
      .sort((a, b) => a - b)
  }

  #entry(epoch: number, { body = new Uint8Array(0), ...said }: NewEntry): Entry {
    const number = (this.#last?.number ?? 0) + 1
    const base = said.table === undefined ? this.#last!.base : number
    const id = ++this.#ids
    return { head: { number, epoch, writer: this.#writer, id, base, ...said }, body }
  }

  #create(entry: Entry): Promise<boolean> {
    const object = nameOf(entry.head.number)
    return this.#store.create(object, encodeEntry(entry)).catch((error: unknown) => {
      throw storageFailed('write', `${this.#store.name}/${object}`, error)
    })
  }

  /** Takes over what an entry says. Returns the objects that no file needs any longer. */
  #apply({ head, body }: Entry): readonly string[] {
    const before = this.#last
    if (before !== undefined && head.epoch < before.epoch)
      throw new DamagedError(nameOf(head.number), 0, `it is of epoch ${head.epoch}, after one of ${before.epoch}`)
    if (this.#epoch !== undefined && head.epoch > this.#epoch) this.#epoch = undefined
    const unneeded: string[] = []
    if (head.table !== undefined) this.#takeTable(head.table)
    let at = 0
    for (const change of head.changes ?? []) {
      if (change.op !== 'append') unneeded.push(...objectsOf(this.#files.get(change.file) ?? []))
      if (change.op === 'delete') {
        this.#files.delete(change.file)
        continue
      }
      const { op, file, length, object } = change
      const pieces = op === 'put' ? [] : (this.#files.get(file) ?? [])
      if (object !== undefined) pieces.push({ object, length })
      else if (length > 0) pieces.push({ bytes: body.subarray(at, (at += length)) })
      this.#files.set(file, pieces)
    }
    if (head.claims === true) this.#claims.push(head.number)
    this.#last = head
    return unneeded
  }

  #takeTable({ files, claims }: NonNullable<EntryHead['table']>): void {
    this.#files = new Map(files.map(([file, pieces]) => [file, pieces.map(([object, length]) => ({ object, length }))]))
    this.#claims = [...claims]
  }
}

export function objectsOf(pieces: readonly Piece[]): string[] {
  return pieces.flatMap((piece) => ('object' in piece ? [piece.object] : []))
}
