/**
 * The interfaces to the outside, such as clocks, storage and sockets. `platform/` implements them for Node, `testing/` for
 * tests that control them.
 */

import type { PackingRule } from './packing-rule.js'

/** The only source of time and timers in the engine. Times are milliseconds since the epoch. */
export interface Clock {
  now(): number
  /** Calls `run` once, at or after `atMs`, unless it is cancelled before. */
  setTimer(atMs: number, run: () => void): { cancel(): void }
  /**
   * Calls `run` once, when `delayMs` have passed, whatever `now` says. Without this method a clock that is set back is
   * noticed when the next batch is due.
   */
  setDelay?(delayMs: number, run: () => void): { cancel(): void }
}

/** Decides when a long evaluation yields to the event loop. An evaluation runs in slices, with a possible pause after each. */
export interface Yielder {
  begin(): Slice
}

export interface Slice {
  /** The number of records to process before `pause` is called again; at least 1. */
  readonly size: number
  /** Called after `size` records. Returns `undefined` to continue at once, or a promise to await. May change `size`. */
  pause(): Promise<void> | undefined
}

/** The files of journal and checkpoints. */
export interface Storage {
  /** Appends bytes, and resolves when they are durable. Calls made during one share the next sync. */
  append(file: string, bytes: Uint8Array): Promise<void>
  /** Reads a whole file; resolves to `undefined` when it does not exist. */
  read(file: string): Promise<Uint8Array | undefined>
  /** Replaces a whole file atomically, and resolves when that is durable. */
  put(file: string, bytes: Uint8Array): Promise<void>
  /** Lists the files whose name begins with `prefix`. */
  list(prefix: string): Promise<string[]>
  /** Deletes a file; does nothing when it does not exist. */
  delete(file: string): Promise<void>
  /**
   * Locks the storage for its caller until the returned function is called.
   *
   * @param onWait receives a line for the log when the lock of an owner that may be dead is watched for some time
   * @throws `storage-locked` naming the owner
   */
  lock(onWait?: (line: string) => void): Promise<() => Promise<void>>
}

/**
 * Objects by name below one place, as object stores have them: each is written once, as a whole, and never changed. Names are
 * `folder/object`. A store may keep an object that is not yet whole in the folder `tmp`.
 */
export interface ObjectStore {
  /** The place, for messages. */
  readonly name: string
  /**
   * Creates an object, which appears whole or not at all, and resolves when it is durable. Resolves to false, and changes
   * nothing, where there is one of that name. Of several callers at once one at most gets true. After an error the object may be
   * there or may appear later.
   */
  create(object: string, bytes: Uint8Array): Promise<boolean>
  /** Reads an object; resolves to `undefined` when there is none. */
  read(object: string): Promise<Uint8Array | undefined>
  /** Lists the objects of a folder by their names in it. */
  list(folder: string): Promise<string[]>
  /** Deletes an object; does nothing when there is none. */
  delete(object: string): Promise<void>
}

/** Receives warnings and failures: facts as an object, then a sentence. A pino logger can be used as it is. */
export interface Logger {
  debug(o: object, m: string): void
  info(o: object, m: string): void
  warn(o: object, m: string): void
  error(o: object, m: string): void
}

/** One connection to a server, for reading. After `close` no event follows. */
export interface Connection {
  pause(): void
  resume(): void
  close(): void
}

export interface ConnectionEvents {
  opened(): void
  /** A chunk arrived. It belongs to the callee, which may change it. */
  data(chunk: Uint8Array): void
  /** The server closed its side after its last byte. */
  ended(): void
  /** The connection could not be opened, or broke. */
  failed(error: Error): void
}

/** Connects a source to a server. No event precedes its return. */
export type Connect = (host: string, port: number, events: ConnectionEvents) => Connection

/** A file system, for sources that read files. `/` separates the names of a path. */
export interface Files {
  /** Lists the direct entries of a directory; resolves to `undefined` when it does not exist. */
  entries(directory: string): Promise<readonly FileEntry[] | undefined>
  /** Resolves to the time of the last change in milliseconds since the epoch, `undefined` when the file does not exist. */
  modifiedMs(path: string): Promise<number | undefined>
  read(path: string): AsyncIterable<Uint8Array>
  /** Reads the bytes of a text, without the compression that the end of its name tells. */
  readText(path: string): AsyncIterable<Uint8Array>
}

/** Files that are read while they grow, and stay the same files under another name. */
export interface OpenFiles {
  /** Returns the identity of the file at a path, the same after it was renamed; `undefined` where there is no file. */
  identity(path: string): Promise<string | undefined>
  /** Opens the file of an identity, at its path or under another name in that directory; `undefined` when it is gone. */
  open(path: string, identity: string): Promise<OpenFile | undefined>
}

/** An open file. It can be read after it was renamed or deleted. */
export interface OpenFile {
  /** Returns the number of bytes that it has now. */
  size(): Promise<number>
  /** Reads the bytes from one offset up to another, in pieces; fewer where the file ends before. */
  read(from: number, until: number): AsyncIterable<Uint8Array>
  close(): Promise<void>
}

export interface FileEntry {
  readonly name: string
  readonly kind: 'file' | 'directory'
}

/** Starts workers that run tasks of the job: threads, say. */
export interface Workers {
  /** The bytes of a stage below which sending them takes longer than the work; default 4096. */
  readonly leastBytes?: number | undefined
  /** By default after eight updates, and from 64 KiB of changes on. */
  readonly packing?: PackingRule | undefined
  start(events: WorkerEvents): WorkerHandle
}

export interface WorkerEvents {
  frame(frame: unknown): void
  /** The worker has ended. Called once, and not after `end`. */
  ended(error: unknown): void
}

/** A worker as its owner sees it. */
export interface WorkerHandle {
  /** Sends a frame of plain data. The buffers of the bytes in `moved` go with it, and are empty afterwards. */
  post(frame: unknown, moved: readonly Uint8Array[]): void
  /** Whether the process stays alive for this worker. */
  keepAlive(keeps: boolean): void
  end(): Promise<void>
}

/** The end of the line that a worker holds. */
export interface WorkerEnd {
  /** @param left blocks that stay where the worker is, by bucket; only a stage that takes them has them made */
  post(frame: unknown, moved: readonly Uint8Array[], left?: readonly Uint8Array[]): void
  /** Takes a frame, with the blocks that others have left for it. */
  onFrame(handle: (frame: unknown, blocks?: readonly Uint8Array[]) => void): void
  /**
   * Writes a file into the folder of a URI, under a name of its own, to which it resolves. The task that does it is only done
   * once the file is durable. Absent where the worker reaches no file systems of URIs.
   */
  writePart?(folder: string, chunks: AsyncIterable<Uint8Array>): Promise<string>
}

/** Values in order, in memory or read one by one. */
export type Sequence<T> = Iterable<T> | AsyncIterable<T>

/** A stage as a cluster gets it: frames of plain data and bytes, one a task. */
export interface ClusterStage {
  readonly tasks: readonly unknown[]
  /**
   * The names of what tasks belong to, by their indexes: those of one name are best done by the same worker, which keeps something for
   * them. They are done right by any other one.
   */
  readonly places?: readonly (string | undefined)[] | undefined
  /** The name under which blocks are kept that tasks leave where they were done; `undefined` where they leave none. */
  readonly leaves?: string | undefined
  /** Takes the reply of a task, by its index. Called at most once a task, in any order. */
  reply(task: number, frame: unknown): void
  /** The stage has ended. Tasks without a reply until then have failed on the cluster, for the given reason. */
  ended(failure: string | undefined): void
}

/** A stage over blocks: each task is given the blocks of its bucket, in their order. */
export interface BlockStage extends Pick<ClusterStage, 'tasks' | 'places' | 'reply' | 'ended'> {
  /** The name of the stage whose tasks have left blocks. */
  readonly from: string
  /** The tasks of that stage that have, and the place of their blocks in the order in which a task is given them. */
  readonly left: readonly { readonly task: number; readonly order: number }[]
  /** Further blocks, which come from the driver. */
  readonly added: readonly { readonly order: number; readonly bucket: number; readonly block: Uint8Array }[]
  /** The bucket of each task. No two of them have the same. */
  readonly buckets: readonly number[]
}

/** Asks for blocks as they were left. */
export interface BlockFetch {
  readonly from: string
  readonly tasks: readonly number[]
  /** Takes the blocks of a task, by bucket. */
  reply(task: number, blocks: readonly Uint8Array[]): void
  ended(failure: string | undefined): void
}

/** The blocks that tasks have left where they were done. Those that are lost are made again. */
export interface ClusterBlocks {
  /** The bytes up to which a table is sent as a whole; by default as many as take longer to merge in the driver than elsewhere. */
  readonly mostSent?: number | undefined
  /** Begins a stage over blocks; returns what ends it. */
  run(stage: BlockStage): () => void
  /** Begins to fetch blocks; returns what ends it. */
  fetch(fetch: BlockFetch): () => void
  /** Removes the blocks of a stage. */
  forget(name: string): void
}

/** The parts of a job that a cluster must know before its first stage. */
export interface ClusterJob {
  readonly appName: string
  /** The option `master`. */
  readonly master: string | undefined
  /** The texts of the job's functions by address, which each worker must have too. */
  readonly functions: Readonly<Record<string, string>>
  readonly logger: Logger
  /** The cluster is gone and does not come back: the job is to stop with this error. */
  failed(error: unknown): void
}

/** Runs whole stages in workers on other machines, which it schedules and replaces itself. */
export interface Cluster {
  /** Resolves to a name of the place where stages run, once workers have loaded the job. @throws where none can */
  start(job: ClusterJob): Promise<string>
  /** Whether a stage that begins now would run there. */
  isUp(): boolean
  /** Whether it may run a task that is slow a second time beside the first. */
  speculates(): boolean
  /** Begins a stage; returns what ends it where its replies are no longer wanted. */
  run(stage: ClusterStage): () => void
  /** Missing where tasks cannot leave blocks. */
  readonly blocks?: ClusterBlocks
  end(): Promise<void>
}

/** The form of saved records: a line each, or dstream's own binary form. */
export type SavedForm = 'text' | 'objects'

/** The folder in which the parts of a directory at a URI are written, before they count. */
export interface PartFolder {
  readonly uri: string
  /** Writes a part from here, under a name of its own, to which it resolves. */
  write(form: SavedForm, records: Sequence<unknown>): Promise<string>
}

/**
 * Saves and loads RDDs. Partitions are read in order, each to its end before the next. A path is a directory with one file
 * per partition, `part-00000` and so on, and an empty `_SUCCESS`.
 */
export interface RDDFiles {
  /**
   * Writes lines, or values of every kind that a checkpoint can store. The directory appears completely or not at all, and replaces
   * that of an earlier save.
   */
  save(form: SavedForm, path: string, partitions: Sequence<Sequence<unknown>>): Promise<void>
  /**
   * Saves to a URI, whose parts are written wherever their records are: `write` resolves to the names of the written files, in
   * order of the partitions, and these become the parts. Returns `undefined` for a path of this machine.
   *
   * @throws `no-file-system` where this process reaches no file systems of URIs
   */
  saveParts(path: string, write: (folder: PartFolder) => Promise<readonly string[]>): Promise<void> | undefined
  /**
   * Reads the lines of one file, or of the files of a directory in order of their names, without those that begin with `_` or
   * `.`. A path that does not exist as it is written is a list, separated by commas, of patterns of files and directories.
   */
  loadText(path: string): AsyncIterable<string>
  loadObjects(path: string): AsyncIterable<unknown>
  /** Reads the same files as `loadText`, each as a whole: its path and its text. */
  loadWholeTexts(path: string): AsyncIterable<[string, string]>
  /** Reads the same files as `loadText`, each as a whole: its path and its bytes as they are. */
  loadWholeBytes(path: string): AsyncIterable<[string, Uint8Array]>
  /** Returns the numbers n for which there is a directory whose path is `before`, n and `after`. */
  numbered(before: string, after: string): Promise<number[]>
}

/**
 * Receives how far a long piece of work is: its name, how much is done of how much, and the plural of what is counted. The
 * total is `undefined` where the end is not known; with `done` equal to it the work has ended.
 */
export type ReportWork = (name: string, done: number, total: number | undefined, unit: string) => void
