/**
 * The few calls of a file system that a storage needs. `platform/file-disk.ts` makes them on a real disk, and
 * `memory-disk.ts` simulates a disk that forgets unsynced data. The same storage code runs on both, so that a missing
 * sync makes a test fail. A SIGKILL could not show it, since the page cache survives.
 *
 * Paths are relative to the root of the storage, with `/`; `''` is the root itself.
 */
export interface Disk {
  /** The location of the storage, for error messages. */
  readonly name: string
  /** Creates the folder; its parent exists. Resolves to false when it is there already. */
  makeDir(path: string): Promise<boolean>
  /** Opens a file for writing at its end; creates the file if there is none. */
  openAppend(path: string): Promise<{ readonly file: DiskFile; readonly size: number }>
  /** Creates an empty file, or empties the one that is there. */
  create(path: string): Promise<DiskFile>
  /** Resolves to `undefined` when there is no such file. */
  read(path: string): Promise<Uint8Array | undefined>
  /** Renames a file, replacing any file of that name, or a folder to an unused name. */
  rename(from: string, to: string): Promise<void>
  /** Deletes a file. Resolves to false when there is none. */
  unlink(path: string): Promise<boolean>
  /** Deletes an empty folder. Resolves to false when there is none. */
  removeDir(path: string): Promise<boolean>
  /** Resolves to the size in bytes of the file that has the name now; `undefined` when there is none. */
  sizeOf(path: string): Promise<number | undefined>
  /** Resolves to the names in a folder; folders end in `/`. Empty when there is no such folder. */
  readDir(path: string): Promise<string[]>
  /** Makes the names in a folder durable, after a creation, a rename or an unlink in it. */
  syncDir(path: string): Promise<void>
}

export interface DiskFile {
  /** Writes at the end. Resolves to the number of bytes taken, which may be smaller than the number given. */
  write(bytes: Uint8Array): Promise<number>
  sync(): Promise<void>
  truncate(size: number): Promise<void>
  close(): Promise<void>
}

/** The calls that the save of a directory makes: on a disk, or on a file system of a cluster. */
export interface FolderDisk extends Pick<
  Disk,
  'name' | 'makeDir' | 'read' | 'rename' | 'unlink' | 'removeDir' | 'sizeOf' | 'readDir' | 'syncDir'
> {
  create(path: string): Promise<Pick<DiskFile, 'write' | 'sync' | 'close'>>
  /** Whether two files are equal; without this call they are read. */
  isSame?(one: string, other: string): Promise<boolean>
  /** False where a folder is renamed file by file, so that others see some of them before the rest. */
  readonly renamesAtOnce?: boolean
}
