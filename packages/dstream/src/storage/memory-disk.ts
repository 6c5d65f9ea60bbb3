import type { Disk, DiskFile } from './disk.js'

/** A call of the simulated disk, as a fault sees it. */
export interface DiskCall {
  /** From 0, over the whole life of the storage. */
  readonly index: number
  readonly op:
    | 'make-dir'
    | 'open'
    | 'create'
    | 'read'
    | 'write'
    | 'sync'
    | 'truncate'
    | 'rename'
    | 'unlink'
    | 'remove-dir'
    | 'read-dir'
    | 'sync-dir'
  readonly path: string
  /** How many bytes a write was given. */
  readonly size?: number
}

/** What goes wrong with a call. */
export type DiskFault =
  /** The call fails; a write may have taken some bytes before. */
  | { readonly error: 'ENOSPC' | 'EIO' | 'EACCES' | 'EMFILE' | 'EROFS'; readonly written?: number }
  /** A write takes only so many bytes, and says so. */
  | { readonly short: number }
  /** The call goes well, after this. */
  | { readonly wait: Promise<void> }
  /** The machine stops before or after the call: it never returns, and no later one either. */
  | { readonly crash: 'before' | 'after' }

/** What becomes of what was not synced when the machine stops. */
export type Unsynced =
  /** Forgotten: the least that a disk may keep. */
  | 'lost'
  /** All there: the process was killed, the machine lives. It is still not synced. */
  | 'kept'
  /** Some of it: names that were changed last may be lost, of unsynced bytes any part may be there, or zeros instead. */
  | 'torn'

class Inode {
  data = new Uint8Array(64)
  size = 0
  /** What a crash leaves. */
  durable = new Uint8Array(0)
  /** Up to here `data` is what is durable; appends leave it so. */
  same = 0
  /** Bytes that a failed sync has lost: the system calls them clean, no later sync writes them. */
  lost: [from: number, to: number][] = []

  write(bytes: Uint8Array): void {
    if (this.size + bytes.length > this.data.length) {
      const grown = new Uint8Array(Math.max(this.data.length * 2, this.size + bytes.length))
      grown.set(this.data.subarray(0, this.size))
      this.data = grown
    }
    this.data.set(bytes, this.size)
    this.size += bytes.length
  }

  truncate(size: number): void {
    this.size = Math.min(this.size, size)
    this.same = Math.min(this.same, size)
    this.lost = this.lost.filter(([from]) => from < size)
  }

  sync(): void {
    if (this.same === this.size && this.durable.length === this.size) return
    const durable = this.data.slice(0, this.size)
    for (const [from, to] of this.lost) durable.fill(0, from, to)
    this.durable = durable
    this.same = this.size
  }

  failSync(): void {
    if (this.same < this.size) this.lost.push([this.same, this.size])
    this.same = this.size
  }

  become(bytes: Uint8Array): void {
    this.data = bytes.slice()
    this.durable = bytes.slice()
    this.size = this.same = bytes.length
    this.lost = []
  }
}

/** What outlives a crash: the platter. Lives (`MemoryDisk`) come and go on it. */
export class Platter {
  files = new Map<string, Inode>()
  folders = new Set([''])
  durableFiles = new Map<string, Inode>()
  durableFolders = new Set([''])
  /** Changes of names per folder that its sync will make durable, in order. */
  pending = new Map<string, (() => void)[]>()
  calls = 0

  later(path: string, change: () => void): void {
    const folder = parent(path)
    this.pending.set(folder, [...(this.pending.get(folder) ?? []), change])
  }

  syncDir(folder: string, count = Infinity): void {
    for (const change of (this.pending.get(folder) ?? []).slice(0, count)) change()
    this.pending.delete(folder)
  }

  /** What was not synced inside a folder before it got its new name never becomes durable. */
  renameFolder(from: string, to: string): void {
    const inside = (path: string): boolean => path === from || path.startsWith(`${from}/`)
    const moved = (path: string): string => (inside(path) ? to + path.slice(from.length) : path)
    const files = (map: Map<string, Inode>) => new Map([...map].map(([path, inode]) => [moved(path), inode]))
    this.files = files(this.files)
    this.folders = new Set([...this.folders].map(moved))
    for (const folder of [...this.pending.keys()]) if (inside(folder)) this.pending.delete(folder)
    this.later(to, () => {
      this.durableFiles = files(this.durableFiles)
      this.durableFolders = new Set([...this.durableFolders].map(moved))
    })
  }

  removeFolder(folder: string): void {
    this.folders.delete(folder)
    this.pending.delete(folder)
    this.later(folder, () => {
      this.durableFolders.delete(folder)
      for (const path of [...this.durableFiles.keys()]) if (parent(path) === folder) this.durableFiles.delete(path)
    })
  }

  overwrite(path: string, bytes: Uint8Array | undefined): void {
    this.files.delete(path)
    this.durableFiles.delete(path)
    if (bytes === undefined) return
    const inode = new Inode()
    inode.become(bytes)
    for (let folder = parent(path); folder !== ''; folder = parent(folder)) {
      this.folders.add(folder)
      this.durableFolders.add(folder)
    }
    this.files.set(path, inode)
    this.durableFiles.set(path, inode)
  }

  crash(unsynced: Unsynced, random: () => number): void {
    if (unsynced === 'kept') return
    const torn = unsynced === 'torn'
    for (const [folder, changes] of [...this.pending]) {
      this.syncDir(folder, torn ? Math.floor(random() * (changes.length + 1)) : 0)
    }
    const reachable = (path: string): boolean =>
      this.durableFolders.has(parent(path)) && (parent(path) === '' || reachable(parent(path)))
    this.durableFolders = new Set([...this.durableFolders].filter((path) => path === '' || reachable(path)))
    this.durableFiles = new Map([...this.durableFiles].filter(([path]) => reachable(path)))
    for (const inode of new Set(this.durableFiles.values())) {
      inode.become(torn ? tear(inode, random) : inode.durable)
    }
    this.files = new Map(this.durableFiles)
    this.folders = new Set(this.durableFolders)
  }
}

const sector = 512

/** Sectors that were not synced are there, or hold zeros, or are missing at the end. */
const tear = (inode: Inode, random: () => number): Uint8Array => {
  const { durable, size, data } = inode
  const end = Math.floor(durable.length + random() * (Math.max(size, durable.length) + 1 - durable.length))
  const torn = new Uint8Array(end)
  torn.set(durable.subarray(0, end))
  for (let at = durable.length; at < end;) {
    const next = Math.min(end, (Math.floor(at / sector) + 1) * sector)
    if (random() < 0.7) torn.set(data.subarray(at, next), at)
    at = next
  }
  for (const [from, to] of inode.lost) torn.fill(0, Math.min(from, end), Math.min(to, end))
  return torn
}

const parent = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))

const systemError = (code: string, op: string): Error => Object.assign(new Error(`${code}: simulated, ${op}`), { code })

/** One life on a platter. After a crash it is dead: its calls never come back, as those of a process that is no more. */
export class MemoryDisk implements Disk {
  readonly name = 'the storage in memory'
  dead = false

  constructor(
    readonly platter: Platter,
    readonly fault: (call: DiskCall) => DiskFault | undefined,
    readonly onCrash: () => void,
  ) {}

  makeDir(path: string): Promise<boolean> {
    return this.#call({ op: 'make-dir', path }, () => {
      if (this.platter.folders.has(path)) return false
      if (!this.platter.folders.has(parent(path))) throw systemError('ENOENT', 'make-dir')
      this.platter.folders.add(path)
      this.platter.later(path, () => this.platter.durableFolders.add(path))
      return true
    })
  }

  openAppend(path: string): Promise<{ file: DiskFile; size: number }> {
    return this.#call({ op: 'open', path }, () => {
      const inode = this.platter.files.get(path) ?? this.#create(path)
      return { file: this.#file(path, inode), size: inode.size }
    })
  }

  create(path: string): Promise<DiskFile> {
    return this.#call({ op: 'create', path }, () => this.#file(path, this.#create(path)))
  }

  read(path: string): Promise<Uint8Array | undefined> {
    return this.#call({ op: 'read', path }, () => {
      const inode = this.platter.files.get(path)
      return inode?.data.slice(0, inode.size)
    })
  }

  rename(from: string, to: string): Promise<void> {
    return this.#call({ op: 'rename', path: to }, () => {
      if (this.platter.folders.has(from)) {
        if (this.platter.folders.has(to)) throw systemError('ENOTEMPTY', 'rename')
        return this.platter.renameFolder(from, to)
      }
      const inode = this.platter.files.get(from)
      if (inode === undefined) throw systemError('ENOENT', 'rename')
      this.platter.files.delete(from)
      this.platter.files.set(to, inode)
      this.platter.later(to, () => {
        this.platter.durableFiles.delete(from)
        this.platter.durableFiles.set(to, inode)
      })
    })
  }

  unlink(path: string): Promise<boolean> {
    return this.#call({ op: 'unlink', path }, () => {
      if (!this.platter.files.delete(path)) return false
      this.platter.later(path, () => this.platter.durableFiles.delete(path))
      return true
    })
  }

  removeDir(path: string): Promise<boolean> {
    return this.#call({ op: 'remove-dir', path }, () => {
      if (!this.platter.folders.has(path)) return false
      const names = [...this.platter.files.keys(), ...this.platter.folders].filter((p) => p !== '')
      if (names.some((p) => parent(p) === path)) throw systemError('ENOTEMPTY', 'rmdir')
      this.platter.removeFolder(path)
      return true
    })
  }

  readDir(path: string): Promise<string[]> {
    return this.#call({ op: 'read-dir', path }, () => {
      const inside = (p: string): boolean => p !== '' && parent(p) === path
      const name = (p: string): string => p.slice(path === '' ? 0 : path.length + 1)
      const folders = [...this.platter.folders].filter(inside).map((p) => `${name(p)}/`)
      return [...[...this.platter.files.keys()].filter(inside).map(name), ...folders]
    })
  }

  syncDir(path: string): Promise<void> {
    return this.#call({ op: 'sync-dir', path }, () => this.platter.syncDir(path))
  }

  #create(path: string): Inode {
    if (!this.platter.folders.has(parent(path))) throw systemError('ENOENT', 'open')
    const inode = new Inode()
    this.platter.files.set(path, inode)
    this.platter.later(path, () => this.platter.durableFiles.set(path, inode))
    return inode
  }

  #file(path: string, inode: Inode): DiskFile {
    return {
      write: (bytes) =>
        this.#call(
          { op: 'write', path, size: bytes.length },
          (fault) => {
            const taken = fault !== undefined && 'short' in fault ? Math.min(fault.short, bytes.length) : bytes.length
            inode.write(bytes.subarray(0, taken))
            return taken
          },
          (written) => inode.write(bytes.subarray(0, written)),
        ),
      sync: () =>
        this.#call(
          { op: 'sync', path },
          () => inode.sync(),
          () => inode.failSync(),
        ),
      truncate: (size) => this.#call({ op: 'truncate', path }, () => inode.truncate(size)),
      close: () => Promise.resolve(),
    }
  }

  async #call<T>(
    call: Omit<DiskCall, 'index'>,
    action: (fault: DiskFault | undefined) => T,
    failed: (written: number) => void = () => undefined,
  ): Promise<T> {
    if (this.dead) return forever()
    const fault = this.fault({ ...call, index: this.platter.calls++ })
    if (fault !== undefined && 'wait' in fault) await fault.wait
    else await Promise.resolve()
    if (this.dead) return forever()
    if (fault !== undefined && 'error' in fault) {
      failed(fault.written ?? 0)
      throw systemError(fault.error, `${call.op} ${call.path}`)
    }
    if (fault === undefined || !('crash' in fault)) return action(fault)
    if (fault.crash === 'after') action(undefined)
    this.dead = true
    this.onCrash()
    return forever()
  }
}

const forever = <T>(): Promise<T> => new Promise<T>(() => undefined)
