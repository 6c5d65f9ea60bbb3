import { badOption } from '../base/errors/options.js'
import type { Clock, Cluster, Logger, Workers, Yielder } from '../base/ports.js'
import { ClusterPool } from '../engine/stages/cluster-pool.js'
import { placementOf } from '../engine/stages/placement.js'
import type { StageProgram } from '../engine/stages/stage-program.js'
import { StageTasks, type FunctionAddresses } from '../engine/stages/stage-tasks.js'
import { WorkerPool } from '../engine/stages/worker-pool.js'
import { stringLists } from '../platform/string-lists.js'
import { availableThreads, workerThreads } from '../platform/worker-threads.js'
import { functionTable, functionTexts } from '../streams/graph/function-table.js'
import type { Graph } from '../streams/graph/graph.js'

/** The `threads` of a context. */
export type ThreadsOption = number | 'auto'

/** @throws `bad-option` for anything but a whole number of at least 1, and `auto` */
export function checkThreads(where: string, threads: unknown): void {
  if (threads === undefined || threads === 'auto' || (Number.isSafeInteger(threads) && (threads as number) >= 1)) return
  throw badOption(where, 'threads', "a whole number of at least 1, which counts the main thread, or 'auto'", threads)
}

interface JobThreadsOptions extends StageProgram {
  readonly appName: string
  readonly threads: ThreadsOption
  /** Runs stages in place of threads. */
  readonly cluster: Cluster | undefined
  readonly master: string | undefined
  /** Stops the job with an error. */
  readonly failed: (error: unknown) => void
  /** The module that `StreamingContext.run` was called from, which workers load too; `undefined` for other contexts. */
  readonly program: string | undefined
  readonly logger: Logger
  readonly clock: Clock
  readonly yielder: Yielder
  /** Starts workers; default threads that load the program. */
  readonly workers?: Workers | undefined
}

/** The threads of a job: this one, and workers that combine partitions for it, here or on a cluster. */
export class JobThreads {
  readonly stages = new StageTasks()
  readonly #options: JobThreadsOptions
  #pool: WorkerPool | undefined

  constructor(options: JobThreadsOptions) {
    this.#options = options
  }

  /** Starts the workers, once the graph is complete. Without them the job runs on one thread, with the same results. */
  async start(graph: Graph, rememberMs: number): Promise<void> {
    const { threads, program, logger, clock, yielder, cluster } = this.#options
    const addresses = await this.stages.open(graph, this.#options)
    if (cluster !== undefined) return this.#startCluster(graph, cluster, addresses, rememberMs)
    const size = (threads === 'auto' ? availableThreads() : threads) - 1
    if (size < 1) return
    const workers = this.#options.workers ?? (program === undefined ? undefined : workerThreads(program))
    if (workers === undefined) {
      logger.warn(
        {},
        `The job runs on one thread, not on ${size + 1}: workers load the module of a job that StreamingContext.run(import.meta, …) starts, and this context was made without it.`,
      )
      return
    }
    const pool = new WorkerPool({
      workers,
      size,
      functions: functionTexts(functionTable(graph)),
      logger,
      clock,
      yielder,
      stringLists,
    })
    this.#pool = pool
    const failure = await pool.start()
    if (failure === undefined) {
      this.#sayWhatStays(graph)
      this.stages.use(pool)
    } else logger.warn({}, `The job runs on one thread, not on ${size + 1}: a worker cannot load it, since ${failure}`)
  }

  /** Says which functions over RDDs are called in this thread alone. */
  #sayWhatStays(graph: Graph): void {
    for (const { id, operator } of graph.nodes) {
      const reason = this.stages.bodies.get(operator)?.reason
      if (reason === undefined) continue
      this.#options.logger.info({}, `What ${id} makes of its RDDs is done in the main thread, since ${reason}.`)
    }
  }

  async #startCluster(graph: Graph, cluster: Cluster, addresses: FunctionAddresses, rememberMs: number): Promise<void> {
    const { appName, master, threads, logger, yielder, failed } = this.#options
    if (threads !== 1) logger.info({}, 'The option threads is not used: stages run on the cluster.')
    const functions = functionTexts(functionTable(graph))
    const where = await cluster.start({ appName, master, functions, logger, failed })
    this.stages.use(new ClusterPool({ cluster, logger, yielder, stringLists }))
    const { isSpread, line } = await placementOf(graph, addresses, this.stages.bodies, {
      leastMs: rememberMs,
      speculates: cluster.speculates(),
    })
    logger[isSpread ? 'info' : 'warn']({}, `${appName} runs on ${where}; ${line}`)
  }

  async end(): Promise<void> {
    await Promise.all([this.#pool?.end(), this.#options.cluster?.end()])
  }
}
