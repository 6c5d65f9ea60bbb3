import { DamagedError, lockLost, storageFailed, storageLocked } from '../../base/errors/storage.js'
import type { ObjectStore, Storage } from '../../base/ports.js'
import { concat } from '../../base/values/bytes.js'
import { checkName } from '../storage/file-name.js'
import type { Change, Piece, StoredFile } from './entry.js'
import { ObjectLog, objectsOf } from './object-log.js'

/** How an owner of a storage on objects shows that it lives, and finds out whether another one does. */
export interface ObjectOwners {
  /** Returns the text of this owner. */
  self(): string
  /** Resolves when the storage may be taken over from an owner. @throws `storage-locked` while the owner lives */
  mustBeFree(owner: string, onWait: ((line: string) => void) | undefined): Promise<void>
  /** Shows signs of life in an epoch until the returned function is called. */
  begin(epoch: number): () => Promise<void>
}

const FOLDER = 'data'
/** The folders of which an owner needs nothing that was there before it: signs of life, and objects that were half made. */
const SWEPT = ['beat', 'tmp']
/** The bytes of one change above which they get an object of their own, since entries are read as a whole at a start. */
const MOST_INLINE = 64 * 1024
/** The bytes of an entry above which changes wait for the next one. */
const MOST_IN_ENTRY = 1024 * 1024
/** The number of entries after which the files are written as a table, and their bytes as one object each. */
const TABLE_AFTER = 128
/** The objects that are deleted at once. */
const DELETE_AT_ONCE = 8

interface Waiting {
  readonly change: Change
  readonly bytes: Uint8Array
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * A storage on an object store, which has neither appends nor renames. Each group of changes is an entry of a log of objects, made
 * by one creation (group commit), so that it is there as a whole or not at all. Bytes that are many, and the bytes that the
 * log has gathered after some time, are objects of their own.
 */
export class ObjectStorage implements Storage {
  readonly #store: ObjectStore
  readonly #owners: ObjectOwners
  readonly #log: ObjectLog
  readonly #writer = crypto.randomUUID()
  #waiting: Waiting[] = []
  #running: Promise<void> | undefined
  #cleaning: Promise<void> = Promise.resolve()
  #objects = 0
  #isLocked = false
  #owner: string | null = null

  constructor(store: ObjectStore, owners: ObjectOwners) {
    this.#store = store
    this.#owners = owners
    this.#log = new ObjectLog(store)
  }

  async append(file: string, bytes: Uint8Array): Promise<void> {
    checkName(file)
    // Nothing is to be made durable: all that is there is so.
    if (bytes.length === 0 && this.#running === undefined && this.#log.isOwner && this.#log.files.has(file)) return
    await this.#change({ op: 'append', file, length: bytes.length }, bytes)
  }

  async put(file: string, bytes: Uint8Array): Promise<void> {
    checkName(file)
    await this.#change({ op: 'put', file, length: bytes.length }, bytes)
  }

  async delete(file: string): Promise<void> {
    checkName(file)
    await this.#change({ op: 'delete', file }, new Uint8Array(0))
  }

  async read(file: string): Promise<Uint8Array | undefined> {
    checkName(file)
    for (;;) {
      await this.#refresh()
      const pieces = this.#log.files.get(file)
      if (pieces === undefined) return undefined
      const parts = await Promise.all([...pieces].map((piece) => this.#bytesOf(piece)))
      const missing = parts.findIndex((part) => part === undefined)
      if (missing === -1) return copyOf(parts as Uint8Array[])
      // The owner has replaced or deleted the file just now, unless the log still has the object.
      await this.#refresh()
      const gone = objectsOf([pieces[missing]!])[0]!
      if (objectsOf(this.#log.files.get(file) ?? []).includes(gone)) throw new DamagedError(gone, 0, 'it is gone')
    }
  }

  async list(prefix: string): Promise<string[]> {
    await this.#refresh()
    return [...this.#log.files.keys()].filter((file) => file.startsWith(prefix)).sort()
  }

  /** Claims the next epoch, and deletes what a crash has left. @throws `storage-locked` */
  async lock(onWait?: (line: string) => void): Promise<() => Promise<void>> {
    if (this.#isLocked) throw storageLocked(this.#store.name, undefined, true)
    this.#isLocked = true
    try {
      const owner = this.#owners.self()
      do {
        await this.#log.refresh()
        if (this.#log.owner !== undefined) await this.#owners.mustBeFree(this.#log.owner, onWait)
      } while (!(await this.#log.claim(owner)))
      this.#owner = owner
      // They are listed before this owner makes objects of its own.
      const leftovers = await this.#leftovers().catch(() => [])
      const end = this.#owners.begin(this.#log.epoch)
      this.#clean(leftovers)
      return () => this.#release(end)
    } catch (error) {
      this.#isLocked = false
      throw error
    }
  }

  async #release(end: () => Promise<void>): Promise<void> {
    if (!this.#isLocked) return
    this.#isLocked = false
    await this.#running
    await this.#cleaning
    await end()
    this.#owner = null
    // Where the store is away, the next owner finds out that there is no sign of life.
    if (this.#log.isOwner) await this.#log.add({ owner: null }).catch(() => undefined)
    this.#log.leave()
  }

  /** Reads what another owner has written, unless this storage is the owner. */
  async #refresh(): Promise<void> {
    if (!this.#isLocked) return this.#log.refresh()
    if (!this.#log.isOwner) throw lockLost(this.#store.name, false)
  }

  #change(change: Change, bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ change, bytes, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  async #run(): Promise<void> {
    // Calls that are made together become one entry.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const group = this.#takeGroup()
      try {
        await this.#write(group)
        for (const one of group) one.resolve()
      } catch (error) {
        // What waits belongs behind the failed changes, which would leave a hole before it.
        for (const one of [...group, ...this.#waiting.splice(0)]) one.reject(error)
      }
      // The bytes of the entries stay in memory when this fails, and the next entry tries again.
      if (this.#log.isOwner && this.#log.length >= TABLE_AFTER) await this.#writeTable().catch(() => undefined)
    }
    this.#running = undefined
  }

  #takeGroup(): Waiting[] {
    let size = 0
    const end = this.#waiting.findIndex(({ bytes }) => (size += bytes.length) > MOST_IN_ENTRY)
    return this.#waiting.splice(0, end === -1 ? Infinity : Math.max(1, end))
  }

  async #write(group: readonly Waiting[]): Promise<void> {
    // Without a lock a writer begins an epoch of its own too: one that sleeps here must not find a number free again.
    while (!this.#log.isOwner && !this.#isLocked) {
      await this.#log.refresh()
      if (this.#log.owner !== undefined) throw lockLost(this.#store.name, false)
      if (await this.#log.claim(null)) break
    }
    const changes = await Promise.all(group.map((one) => this.#stored(one)))
    const inline = group.filter(isInline).map(({ bytes }) => bytes)
    const unneeded = await this.#log.add({ owner: this.#owner, changes, body: copyOf(inline) })
    this.#clean(unneeded)
  }

  async #stored({ change, bytes }: Waiting): Promise<Change> {
    return change.op === 'delete' || isInline({ bytes }) ? change : { ...change, object: await this.#create(bytes) }
  }

  /** Writes all files as a table, which takes the place of the entries before it. */
  async #writeTable(): Promise<void> {
    const files = await Promise.all(
      [...this.#log.files].map(async ([file, pieces]): Promise<StoredFile> => [file, await this.#gathered(pieces)]),
    )
    await this.#log.add({ owner: this.#owner, table: { files, claims: this.#log.claims } })
    this.#clean(await this.#log.unread())
  }

  /** Returns the pieces of a file, with those in memory that follow each other as one object. */
  async #gathered(pieces: readonly Piece[]): Promise<StoredFile[1]> {
    const stored: [string, number][] = []
    let gathered: Uint8Array[] = []
    const close = async (): Promise<void> => {
      if (gathered.length === 0) return
      const bytes = concat(gathered)
      gathered = []
      stored.push([await this.#create(bytes), bytes.length])
    }
    for (const piece of pieces) {
      if ('bytes' in piece) gathered.push(piece.bytes)
      else {
        await close()
        stored.push([piece.object, piece.length])
      }
    }
    await close()
    return stored
  }

  /** Creates an object of a new name. */
  async #create(bytes: Uint8Array): Promise<string> {
    const object = `${FOLDER}/${this.#writer}-${++this.#objects}`
    await this.#store.create(object, bytes).catch((error: unknown) => {
      throw storageFailed('write', `${this.#store.name}/${object}`, error)
    })
    return object
  }

  async #bytesOf(piece: Piece): Promise<Uint8Array | undefined> {
    if ('bytes' in piece) return piece.bytes
    const bytes = await this.#store.read(piece.object).catch((error: unknown) => {
      throw storageFailed('read', `${this.#store.name}/${piece.object}`, error)
    })
    if (bytes !== undefined && bytes.length !== piece.length)
      throw new DamagedError(piece.object, bytes.length, `it has ${bytes.length} bytes, not ${piece.length}`)
    return bytes
  }

  /** Returns the objects that former owners have left and that no file needs. */
  async #leftovers(): Promise<readonly string[]> {
    const needed = new Set([...this.#log.files.values()].flatMap(objectsOf))
    const lists = await Promise.all(
      [FOLDER, ...SWEPT].map(async (folder) => (await this.#store.list(folder)).map((name) => `${folder}/${name}`)),
    )
    return [...(await this.#log.unread()), ...lists.flat().filter((object) => !needed.has(object))]
  }

  /** Deletes objects in the background. One that cannot be deleted is left for the next owner. */
  #clean(objects: readonly string[]): void {
    if (objects.length === 0) return
    this.#cleaning = this.#cleaning.then(async () => {
      for (let at = 0; at < objects.length; at += DELETE_AT_ONCE) {
        const some = objects.slice(at, at + DELETE_AT_ONCE)
        await Promise.all(some.map((object) => this.#store.delete(object).catch(() => undefined)))
      }
    })
  }
}

function isInline({ bytes }: Pick<Waiting, 'bytes'>): boolean {
  return bytes.length <= MOST_INLINE
}

/** Returns bytes that share nothing with the given ones. */
function copyOf(pieces: readonly Uint8Array[]): Uint8Array {
  return concat([new Uint8Array(0), ...pieces])
}
