import { tmpdir } from 'node:os'
import type { ClusterJob } from 'dstream/cluster'
import type { Bundle } from '../job/bundle.js'
import type { Java, Spark } from '../submit/find-spark.js'
import { makeOwnFolder, noteApplication, removeFolder, removeLeftovers } from '../submit/own-folder.js'
import type { SparkHost } from './spark-cluster.js'
import { SparkJvm, type About } from '../jvm/spark-jvm.js'
import { packageFiles, submitArguments, submitted, type NamedPlace, type Place } from '../submit/submit-command.js'

export interface StartedJvmOptions {
  readonly spark: Spark
  readonly java: Java
  readonly bundle: Bundle
  /** The place that the command line names; its master goes before that of the job's options. */
  readonly place: NamedPlace
}

/** The master where neither the command, nor the environment, nor the job says one. */
const DEFAULT_MASTER = 'local[*]'

/** JVMs that this process starts by spark-submit, where the driver runs where it is submitted. */
export class StartedJvm implements SparkHost {
  readonly #options: StartedJvmOptions
  readonly #scratch = makeOwnFolder(tmpdir())
  readonly #remove = (): void => {
    const { spark, bundle } = this.#options
    for (const folder of [this.#scratch, bundle.folder]) removeFolder(folder, spark.home)
  }

  constructor(options: StartedJvmOptions) {
    this.#options = options
    removeLeftovers(tmpdir(), options.spark.home)
    process.once('exit', this.#remove)
  }

  async start(job: ClusterJob, onEnd: (reason: string) => void): Promise<readonly [SparkJvm, About]> {
    const place = this.#place(job)
    const shipped = { ...packageFiles(), job: this.#options.bundle.file }
    const args = submitArguments(place, shipped, this.#scratch)
    const local = { SPARK_LOCAL_IP: '127.0.0.1', SPARK_LOCAL_DIRS: this.#scratch }
    const start = submitted(this.#options, args, place.master.startsWith('local') ? local : {})
    const [jvm, about] = await SparkJvm.start(start, onEnd)
    // Executors of `local-cluster` leave their work in Spark's own folder.
    if (place.master.startsWith('local-cluster')) noteApplication(this.#scratch, about['application']!)
    return [jvm, about]
  }

  end(): void {
    process.off('exit', this.#remove)
    this.#remove()
  }

  #place(job: ClusterJob): Place {
    const { place } = this.#options
    return { ...place, master: place.master ?? job.master ?? DEFAULT_MASTER, name: place.name ?? job.appName }
  }
}
