/**
 * The few calls of a file system that a storage is made of. `node/file-disk.ts` makes them on a real one, `memory-disk.ts`
 * simulates one that forgets what was not synced: the same storage code runs on both, so that a sync which is missing in
 * it makes a test fail. A SIGKILL never would: the page cache survives it.
 *
 * Paths are relative to the root of the storage, with `/`; `''` is the root itself.
 */
export interface Disk {
  /** For an error message: where all this is. */
  readonly name: string
  /** Creates the folder; its parent exists. Resolves to false when it is there already. */
  makeDir(path: string): Promise<boolean>
  /** Opens a file for writing at its end; creates it when it is not there. */
  openAppend(path: string): Promise<{ readonly file: DiskFile; readonly size: number }>
  /** Creates an empty file, or empties the one that is there. */
  create(path: string): Promise<DiskFile>
  /** `undefined` when there is none. */
  read(path: string): Promise<Uint8Array | undefined>
  /** A file over whatever is there, or a folder to where nothing is. */
  rename(from: string, to: string): Promise<void>
  /** Resolves to false when there is none. */
  unlink(path: string): Promise<boolean>
  /** An empty folder. Resolves to false when there is none. */
  removeDir(path: string): Promise<boolean>
  /** The bytes of the file that bears the name now; `undefined` when there is none. */
  sizeOf(path: string): Promise<number | undefined>
  /** Names in a folder; folders end in `/`. Empty when the folder is not there. */
  readDir(path: string): Promise<string[]>
  /** Makes the names in a folder durable: after a creation, a rename or an unlink in it. */
  syncDir(path: string): Promise<void>
}

export interface DiskFile {
  /** Writes at the end. Resolves to how many bytes were taken, which may be fewer than were given. */
  write(bytes: Uint8Array): Promise<number>
  sync(): Promise<void>
  truncate(size: number): Promise<void>
  close(): Promise<void>
}
