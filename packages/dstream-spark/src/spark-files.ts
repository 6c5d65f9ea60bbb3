import type { ObjectStore } from 'dstream/cluster'
import type { Java, Spark } from './find-spark.js'
import { SparkJvm, type FileOperation } from './spark-jvm.js'
import { filesArguments, submitted, type Shipped } from './submit-command.js'

export interface SparkFilesOptions {
  readonly spark: Spark
  readonly java: Java
  /** Settings of Spark, `name=value`. */
  readonly conf: readonly string[]
  readonly files: Pick<Shipped, 'jar' | 'logging'>
}

/** The longest that a call may take, in milliseconds: so much for each, and more for bytes that a slow line takes long for. */
const LONGEST_CALL_MS = 60_000
const BYTES_PER_MS = 1024

/**
 * Hadoop's file systems with the settings of Spark. They have a JVM of their own, since a checkpoint is read before a job's context
 * is there, and must be written when that is lost. It is started by the first call, and again where it is gone.
 */
export class SparkFiles {
  readonly #options: SparkFilesOptions
  #jvm: Promise<SparkJvm> | undefined

  constructor(options: SparkFilesOptions) {
    this.#options = options
  }

  /** Returns the objects below a URI. */
  objects(uri: string): ObjectStore {
    const place = uri.replace(/\/+$/, '')
    const call = (
      operation: FileOperation,
      object: string,
      bytes: Uint8Array = new Uint8Array(0),
    ): Promise<Buffer | undefined> => this.#call(operation, `${place}/${object}`, bytes)
    return {
      name: place,
      create: async (object, bytes) => (await call('c', object, bytes)) !== undefined,
      read: (object) => call('r', object),
      list: async (folder) => (await call('l', folder))!.toString().split('\n').filter(Boolean),
      delete: async (object) => void (await call('d', object)),
    }
  }

  async end(): Promise<void> {
    const jvm = await this.#jvm?.catch(() => undefined)
    this.#jvm = undefined
    await jvm?.end()
  }

  async #call(operation: FileOperation, uri: string, bytes: Uint8Array): Promise<Buffer | undefined> {
    const jvm = await (this.#jvm ??= this.#start())
    const longest = LONGEST_CALL_MS + bytes.length / BYTES_PER_MS
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

  #start(): Promise<SparkJvm> {
    const { conf, files } = this.#options
    const start = submitted(this.#options, filesArguments(conf, files), { SPARK_LOCAL_IP: '127.0.0.1' })
    const forget = (): void => {
      if (this.#jvm === starting) this.#jvm = undefined
    }
    const starting = SparkJvm.start(start, forget).then(([jvm]) => jvm)
    starting.catch(forget)
    return starting
  }
}
