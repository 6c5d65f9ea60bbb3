/** The fate of unsynced data when the machine stops. */
export type Unsynced =
  /** Lost, which is the least that a disk may keep. */
  | 'lost'
  /** Kept but still unsynced, as when the process is killed and the machine runs on. */
  | 'kept'
  /** Partly kept: the last changes of names may be lost, and unsynced bytes may be there, missing or zeros. */
  | 'torn'

/** A file, as the system sees it and as the disk holds it. */
export class Inode {
  data = new Uint8Array(64)
  size = 0
  /** The bytes that survive a crash. */
  durable = new Uint8Array(0)
  /** The length up to which `data` equals the durable bytes; appends leave it unchanged. */
  durableLength = 0
  /** The ranges that a failed sync has lost. The system takes them for clean, so that no later sync writes them. */
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
    this.durableLength = Math.min(this.durableLength, size)
    this.lost = this.lost.filter(([from]) => from < size)
  }

  sync(): void {
    if (this.durableLength === this.size && this.durable.length === this.size) return
    const durable = this.data.slice(0, this.size)
    for (const [from, to] of this.lost) durable.fill(0, from, to)
    this.durable = durable
    this.durableLength = this.size
  }

  failSync(): void {
    if (this.durableLength < this.size) this.lost.push([this.durableLength, this.size])
    this.durableLength = this.size
  }

  reset(bytes: Uint8Array): void {
    this.data = bytes.slice()
    this.durable = bytes.slice()
    this.size = this.durableLength = bytes.length
    this.lost = []
  }
}

/** The state that outlives a crash. The disks of several runs (`MemoryDisk`) use it one after the other. */
export class DiskState {
  files = new Map<string, Inode>()
  folders = new Set([''])
  durableFiles = new Map<string, Inode>()
  durableFolders = new Set([''])
  /** The changes of names that a sync of their folder makes durable, by folder and in order. */
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

  /** Renames a folder. Unsynced changes inside it never become durable. */
  renameFolder(from: string, to: string): void {
    const inside = (path: string): boolean => path === from || path.startsWith(`${from}/`)
    const moved = (path: string): string => (inside(path) ? to + path.slice(from.length) : path)
    const durable = [...this.durableFiles].filter(([path]) => inside(path))
    this.files = new Map([...this.files].map(([path, inode]) => [moved(path), inode]))
    this.folders = new Set([...this.folders].map(moved))
    for (const folder of [...this.pending.keys()]) if (inside(folder)) this.pending.delete(folder)
    this.later(to, () => {
      this.#forget(durable)
      for (const [path, inode] of durable) this.durableFiles.set(moved(path), inode)
      this.durableFolders = new Set([...this.durableFolders].map(moved))
    })
  }

  removeFolder(folder: string): void {
    const durable = [...this.durableFiles].filter(([path]) => parent(path) === folder)
    this.folders.delete(folder)
    this.pending.delete(folder)
    this.later(folder, () => {
      this.durableFolders.delete(folder)
      this.#forget(durable)
    })
  }

  /** Forgets the given durable files, unless the same names have been created again meanwhile. */
  #forget(durable: readonly (readonly [string, Inode])[]): void {
    for (const [path, inode] of durable) if (this.durableFiles.get(path) === inode) this.durableFiles.delete(path)
  }

  overwrite(path: string, bytes: Uint8Array | undefined): void {
    this.files.delete(path)
    this.durableFiles.delete(path)
    if (bytes === undefined) return
    const inode = new Inode()
    inode.reset(bytes)
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
      inode.reset(torn ? tear(inode, random) : inode.durable)
    }
    this.files = new Map(this.durableFiles)
    this.folders = new Set(this.durableFolders)
  }
}

const SECTOR = 512

/** Returns the bytes after a crash. Unsynced sectors are there, hold zeros, or are missing at the end. */
function tear(inode: Inode, random: () => number): Uint8Array {
  const { durable, size, data } = inode
  const end = Math.floor(durable.length + random() * (Math.max(size, durable.length) + 1 - durable.length))
  const torn = new Uint8Array(end)
  torn.set(durable.subarray(0, end))
  for (let at = durable.length; at < end;) {
    const next = Math.min(end, (Math.floor(at / SECTOR) + 1) * SECTOR)
    if (random() < 0.7) torn.set(data.subarray(at, next), at)
    at = next
  }
  for (const [from, to] of inode.lost) torn.fill(0, Math.min(from, end), Math.min(to, end))
  return torn
}

/** Returns the folder of a path; `''` is the root. */
export function parent(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}
