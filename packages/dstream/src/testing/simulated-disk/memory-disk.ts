import type { Disk, DiskFile } from '../../durable/storage/disk.js'
import { neverSettles } from './never-settles.js'
import { Inode, parent, type DiskState } from './disk-state.js'

/** A call of the simulated disk, as given to `fault`. */
export interface DiskCall {
  /** The number of the call, from 0, over all runs of the storage. */
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
  /** The number of bytes that a write is given. */
  readonly size?: number
}

/** The fault of a call. */
export type DiskFault =
  /** The call fails. A write may have taken some bytes before. */
  | { readonly error: 'ENOSPC' | 'EIO' | 'EACCES' | 'EMFILE' | 'EROFS'; readonly written?: number }
  /** A write takes only so many bytes, and returns that number. */
  | { readonly short: number }
  /** The call succeeds after this promise. */
  | { readonly wait: Promise<void> }
  /** The machine stops before or after the call. The call never returns, nor does any later one. */
  | { readonly crash: 'before' | 'after' }

function systemError(code: string, op: string): Error {
  return Object.assign(new Error(`${code}: simulated, ${op}`), { code })
}

/** The disk as one run of a program uses it. After a crash its calls never settle, like those of an ended process. */
export class MemoryDisk implements Disk {
  readonly name = 'the storage in memory'
  crashed = false

  constructor(
    readonly platter: DiskState,
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

  sizeOf(path: string): Promise<number | undefined> {
    return this.crashed ? neverSettles() : Promise.resolve(this.platter.files.get(path)?.size)
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
    if (this.crashed) return neverSettles()
    const fault = this.fault({ ...call, index: this.platter.calls++ })
    if (fault !== undefined && 'wait' in fault) await fault.wait
    else await Promise.resolve()
    if (this.crashed) return neverSettles()
    if (fault !== undefined && 'error' in fault) {
      failed(fault.written ?? 0)
      throw systemError(fault.error, `${call.op} ${call.path}`)
    }
    if (fault === undefined || !('crash' in fault)) return action(fault)
    if (fault.crash === 'after') action(undefined)
    this.crashed = true
    this.onCrash()
    return neverSettles()
  }
}
