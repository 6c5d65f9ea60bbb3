import type { Cluster, ClusterBlocks, ClusterJob, ClusterStage } from 'dstream/cluster'
import type { Bundle } from '../job/bundle.js'
import { fingerprint } from '../job/fingerprint.js'
import { reasonOf } from '../jvm/reason.js'
import type { About, SparkJvm } from '../jvm/spark-jvm.js'
import { packageFiles, shippedNames } from '../submit/submit-command.js'

/** Where the JVM part comes from. */
export interface SparkHost {
  /**
   * Resolves once the JVM has its context of Spark.
   *
   * @param onEnd is called where the JVM ends by itself later
   * @throws with the reason where it does not start
   */
  start(job: ClusterJob, onEnd: (reason: string) => void): Promise<readonly [SparkJvm, About]>
  /** Removes what the JVMs have left, once the last one has ended. */
  end(): void
}

export interface SparkClusterOptions {
  readonly host: SparkHost
  readonly bundle: Pick<Bundle, 'file' | 'bytes'>
  /** The module of the job, from which the bundle was made. */
  readonly job: string
  /** The arguments of the job. */
  readonly args: readonly string[]
  /** Variables of the environment that executors get. */
  readonly env: Readonly<Record<string, string>>
}

/** Why a stage is not begun, for a log. */
const RESTARTING = 'Spark is being started again'
/** The most workers that are started before the first batch. */
const MOST_WARMED = 64
/** The ends of the JVM in a row, without a stage that has ended well between them, after which the job stops. */
const MOST_ENDS = 2

/** Spark as a job sees it: stages go to a JVM that spark-submit has started, and that is started again when it is lost. */
export class SparkCluster implements Cluster {
  readonly #options: SparkClusterOptions
  #job: ClusterJob | undefined
  #jvm: SparkJvm | undefined
  #about: About = {}
  #starting: Promise<void> | undefined
  #ends = 0
  #isEnded = false

  constructor(options: SparkClusterOptions) {
    this.#options = options
  }

  /** What the JVM has said about its Spark. */
  get about(): About {
    return this.#about
  }

  /** @throws where Spark does not start, or where a worker does not fit the driver */
  async start(job: ClusterJob): Promise<string> {
    this.#job = job
    await this.#launch()
    const { spark, master } = this.#about
    return `Spark ${spark}, ${master}`
  }

  /** Blocks are those of the JVM that runs now: those of a lost one are lost too. */
  readonly blocks: ClusterBlocks = {
    run: (stage) => this.#overBlocks(stage, (jvm, over) => jvm.overBlocks(over)),
    fetch: (fetch) => this.#overBlocks(fetch, (jvm, over) => jvm.fetch(over)),
    forget: (name) => this.#jvm?.forget(name),
  }

  #overBlocks<S extends { ended(failure: string | undefined): void }>(
    over: S,
    begin: (jvm: SparkJvm, over: S) => () => void,
  ): () => void {
    if (this.#jvm === undefined) {
      over.ended(RESTARTING)
      return () => undefined
    }
    return begin(this.#jvm, {
      ...over,
      ended: (failure: string | undefined) => over.ended(failure === undefined ? undefined : reasonOf(failure)),
    })
  }

  isUp(): boolean {
    return this.#jvm !== undefined
  }

  speculates(): boolean {
    return this.#about['speculation'] === 'true'
  }

  run(stage: ClusterStage): () => void {
    if (this.#jvm === undefined) {
      stage.ended(RESTARTING)
      return () => undefined
    }
    return this.#jvm.run({
      tasks: stage.tasks,
      places: stage.places,
      leaves: stage.leaves,
      reply: (task, frame) => stage.reply(task, frame),
      ended: (failure) => {
        if (failure === undefined) this.#ends = 0
        stage.ended(failure === undefined ? undefined : reasonOf(failure))
      },
    })
  }

  /** Runs a stage of the workers' own, and resolves to their replies. */
  probe(count: number): Promise<readonly unknown[]> {
    return this.#jvm!.runAll(Array.from({ length: count }, () => ({ type: 'probe' })))
  }

  async end(): Promise<void> {
    this.#isEnded = true
    const jvm = this.#jvm
    this.#jvm = undefined
    await this.#starting?.catch(() => undefined)
    await jvm?.end()
    this.#options.host.end()
  }

  async #launch(): Promise<void> {
    const [jvm, about] = await this.#options.host.start(this.#job!, (reason) => this.#lost(reason))
    this.#about = about
    try {
      jvm.open(this.#settings())
      const workers = Math.min(Number(about['parallelism']), MOST_WARMED)
      await jvm.runAll(Array.from({ length: workers }, () => ({ type: 'probe' })))
    } catch (error) {
      await jvm.end()
      throw new Error(`The job cannot run on Spark: ${reasonOf((error as Error).message)}`)
    }
    if (this.#isEnded) return jvm.end()
    this.#jvm = jvm
  }

  #lost(reason: string): void {
    // A JVM that ends while it starts fails its start.
    if (this.#jvm === undefined) return
    this.#jvm = undefined
    const { logger, failed } = this.#job!
    this.#ends++
    if (this.#ends >= MOST_ENDS) {
      failed(
        new Error(
          `The job stops, since Spark was lost ${this.#ends} times in a row: ${reason}. See the log of Spark above, then start the job again: it goes on from its checkpoint`,
        ),
      )
      return
    }
    logger.warn({}, `Spark is started again, and its tasks are done in the driver meanwhile, since ${reason}`)
    this.#starting = this.#launch().then(
      () => logger.warn({}, 'Spark is up again.'),
      (error: unknown) => {
        if (!this.#isEnded)
          failed(
            new Error(`The job stops, since Spark was lost and cannot be started again: ${(error as Error).message}`),
          )
      },
    )
  }

  #settings(): Record<string, string> {
    const { bundle, args, env, job } = this.#options
    const entries = (prefix: string, table: object): [string, string][] =>
      Object.entries(table).map(([name, value]) => [`${prefix}.${name}`, String(value)])
    return Object.fromEntries([
      ...Object.entries(shippedNames({ ...packageFiles(), job: bundle.file })),
      ...entries('expected', fingerprint(bundle.bytes, this.#job!.functions)),
      ...entries('env', { ...env, DSTREAM_JOB_FILE: job }),
      ...entries('argument', args),
    ])
  }
}
