/**
 * The nouns that the outside must supply. Types only: `node/` holds the real ones, `testing/` the ones that obey.
 */

/** The only source of time and timers in the engine. Times are milliseconds since the epoch. */
export interface Clock {
  now(): number
  /** Calls `run` once, at or after `atMs`. */
  setTimer(atMs: number, run: () => void): { cancel(): void }
}

/**
 * Decides when a long evaluation lets the event loop breathe. Evaluation is cut into slices; between two of them the
 * engine asks. One slice belongs to one run over one partition.
 */
export interface Yielder {
  begin(): Slice
}

export interface Slice {
  /** How many records to process before calling `pause` again; at least 1. */
  readonly size: number
  /** After `size` records: `undefined` to go on at once, or a promise to await first. May change `size`. */
  pause(): Promise<void> | undefined
}

/** Where journal and checkpoints live. */
export interface Storage {
  /** Resolves when durable; calls made while one is under way share the next sync. */
  append(file: string, bytes: Uint8Array): Promise<void>
  /** The whole file; `undefined` when there is none. */
  read(file: string): Promise<Uint8Array | undefined>
  /** The whole file anew: atomic, and durable when it resolves. */
  put(file: string, bytes: Uint8Array): Promise<void>
  /** The names that begin so. */
  list(prefix: string): Promise<string[]>
  /** One that is not there is passed over. */
  delete(file: string): Promise<void>
  /** Keeps other programs out until what it gives is called. @throws `storage-locked` naming the owner */
  lock(): Promise<() => Promise<void>>
}

/** What warnings and failures are told to: facts as an object, then a sentence. pino-shaped, so that pino fits. */
export interface Logger {
  debug(o: object, m: string): void
  info(o: object, m: string): void
  warn(o: object, m: string): void
  error(o: object, m: string): void
}

/** One connection to a server, as far as reading from it needs. `close` ends it without further callbacks. */
export interface Connection {
  pause(): void
  resume(): void
  close(): void
}

export interface ConnectionEvents {
  opened(): void
  /** The chunk belongs to the receiver from now on. */
  data(chunk: Uint8Array): void
  /** The other side has sent all it had. */
  ended(): void
  /** Could not be opened, or broke. */
  failed(error: Error): void
}

/** How a source reaches a server. Nothing is called before it has returned. */
export type Connect = (host: string, port: number, events: ConnectionEvents) => Connection

/** What a source of files needs of a file system. Paths have `/` between their names. */
export interface Files {
  /** What lies directly in a directory; `undefined` when there is no such directory. */
  entries(directory: string): Promise<readonly FileEntry[] | undefined>
  /** When the file was last changed, in milliseconds since the epoch; `undefined` when it is gone. */
  modifiedMs(path: string): Promise<number | undefined>
  read(path: string): AsyncIterable<Uint8Array>
}

export interface FileEntry {
  readonly name: string
  readonly kind: 'file' | 'directory'
}

/** Values in order, at once or one after the other. */
export type Sequence<T> = Iterable<T> | AsyncIterable<T>

/**
 * Where an RDD is saved, and loaded from. Partitions come in order, and each is read to its end before the next one is
 * asked for. A path is a directory with a file per partition, `part-00000` and so on, and an empty `_SUCCESS`.
 */
export interface RDDFiles {
  /** The directory appears whole or not at all, and replaces the one that an earlier save has left. */
  saveText(path: string, partitions: Sequence<Sequence<string>>): Promise<void>
  /** The same for values of any kind that a checkpoint can hold. */
  saveObjects(path: string, partitions: Sequence<Sequence<unknown>>): Promise<void>
  /** The lines of one file, or of the files in a directory, by name; names that begin with `_` or `.` are passed over. */
  loadText(path: string): AsyncIterable<string>
  loadObjects(path: string): AsyncIterable<unknown>
}
