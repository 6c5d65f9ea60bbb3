import type { FolderDisk, ObjectStore } from 'dstream/cluster'
import type { Java, Spark } from '../submit/find-spark.js'
import { SparkJvm, type FileOperation } from '../jvm/spark-jvm.js'
import { filesArguments, packageFiles, submitted, type Shipped } from '../submit/submit-command.js'

/** Starts a JVM that has file systems. @param onEnd is called where it ends by itself */
export type FilesStart = (onEnd: () => void) => Promise<SparkJvm>

export interface FilesOptions {
  readonly spark: Spark
  readonly java: Java
  /** Settings of Spark, `name=value`. */
  readonly conf: readonly string[]
  /** Default: the files of this package. */
  readonly files?: Pick<Shipped, 'jar' | 'logging'>
}

const NOTHING = new Uint8Array(0)
/** The file systems that rename a folder with all that is in it at once. */
const RENAMES_AT_ONCE = /^(file|hdfs):/
/** A URI without a path. */
const ROOT = /^[^/]+:(\/\/[^/]*)?$/
/** The longest that a call may take, in milliseconds: so much for each, and more for bytes that a slow line takes long for. */
const LONGEST_CALL_MS = 60_000
/** The same for calls that read or copy files, however large these are. */
const LONGEST_COPY_MS = 600_000
const BYTES_PER_MS = 1024
const COPIES: ReadonlySet<FileOperation> = new Set(['q', 'v', 'x'])

/**
 * Returns the start of a JVM of their own: a checkpoint is read before a job's context is there, and must be written when that is
 * lost.
 */
export function ownFilesJvm(options: FilesOptions): FilesStart {
  return async (onEnd) => {
    const args = filesArguments(options.conf, options.files ?? packageFiles())
    const [jvm] = await SparkJvm.start(submitted(options, args, { SPARK_LOCAL_IP: '127.0.0.1' }), onEnd)
    jvm.release()
    return jvm
  }
}

/** Hadoop's file systems with the settings of Spark, in a JVM that is started by the first call, and again where it is gone. */
export class SparkFiles {
  readonly #start: FilesStart
  #jvm: Promise<SparkJvm> | undefined

  constructor(start: FilesStart) {
    this.#start = start
  }

  /** Returns the objects below a URI. */
  objects(uri: string): ObjectStore {
    const place = uri.replace(/\/+$/, '')
    const call = (operation: FileOperation, object: string, bytes: Uint8Array = NOTHING): Promise<Buffer | undefined> =>
      this.#call(operation, `${place}/${object}`, bytes)
    return {
      name: place,
      create: async (object, bytes) => (await call('c', object, bytes)) !== undefined,
      read: (object) => call('r', object),
      list: async (folder) => (await call('l', folder))!.toString().split('\n').filter(Boolean),
      delete: async (object) => void (await call('d', object)),
    }
  }

  /** Returns the folder of a URI, to save directories in. */
  folder(uri: string): FolderDisk {
    const root = ROOT.test(uri) ? `${uri}/` : uri
    const at = (path: string): string => (path === '' ? root : `${uri}/${path}`)
    const call = (operation: FileOperation, path: string, bytes: Uint8Array = NOTHING): Promise<Buffer | undefined> =>
      this.#call(operation, at(path), bytes).catch((error: Error) => {
        // As Node's own errors of a file system say.
        throw Object.assign(error, { syscall: operation })
      })
    const isDone = async (...given: Parameters<typeof call>): Promise<boolean> => (await call(...given)) !== undefined
    const change = async (...given: Parameters<typeof call>): Promise<void> => void (await call(...given))
    return {
      name: uri,
      renamesAtOnce: RENAMES_AT_ONCE.test(uri),
      makeDir: (path) => isDone('m', path),
      read: (path) => call('r', path),
      sizeOf: async (path) => {
        const size = await call('z', path)
        return size && Number(size.toString())
      },
      rename: (from, to) => change('v', from, Buffer.from(at(to))),
      unlink: (path) => isDone('d', path),
      removeDir: (path) => isDone('d', path),
      readDir: async (path) => (await call('n', path))!.toString().split('\n').filter(Boolean),
      syncDir: (path) => change('s', path),
      isSame: (one, other) => isDone('q', one, Buffer.from(at(other))),
      create: async (path) => {
        await call('w', path)
        return {
          write: async (bytes) => {
            await call('w', path, bytes)
            return bytes.length
          },
          sync: () => change('y', path),
          close: () => change('x', path),
        }
      },
    }
  }

  async end(): Promise<void> {
    const jvm = await this.#jvm?.catch(() => undefined)
    this.#jvm = undefined
    await jvm?.end()
  }

  async #call(operation: FileOperation, uri: string, bytes: Uint8Array): Promise<Buffer | undefined> {
    const jvm = await (this.#jvm ??= this.#started())
    const longest = (COPIES.has(operation) ? LONGEST_COPY_MS : LONGEST_CALL_MS) + bytes.length / BYTES_PER_MS
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer came within ${Math.round(longest / 1000)} s`)), longest)
    })
    try {
      return await Promise.race([jvm.file(operation, uri, bytes), late])
    } finally {
      clearTimeout(timer)
    }
  }

  #started(): Promise<SparkJvm> {
    const forget = (): void => {
      if (this.#jvm === starting) this.#jvm = undefined
    }
    const starting = this.#start(forget)
    starting.catch(forget)
    return starting
  }
}
