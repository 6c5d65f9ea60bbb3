import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { findSpark } from '../src/submit/find-spark.js'
import { QUICK_JVM } from './quick-jvm.mjs'

const LOOPBACK = '127.0.0.1'

/** A daemon of standalone Spark, and what it has logged. */
class Daemon {
  readonly child: ChildProcess
  readonly #lines: string[] = []
  readonly #waiting = new Set<() => void>()
  #isEnded = false

  constructor(
    home: string,
    name: string,
    host: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
  ) {
    this.child = spawn(
      join(home, 'bin/spark-class'),
      [`org.apache.spark.deploy.${name}`, '--host', host, '--webui-port', '0', ...args],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, SPARK_NO_DAEMONIZE: '1', SPARK_DAEMON_JAVA_OPTS: QUICK_JVM, ...env },
      },
    )
    this.child.once('close', () => {
      this.#isEnded = true
      for (const look of this.#waiting) look()
    })
    createInterface({ input: this.child.stderr! }).on('line', (line) => {
      this.#lines.push(line)
      for (const look of this.#waiting) look()
    })
  }

  /** Resolves to what a line of its log says, now or later. */
  said(words: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = this.#lines.map((line) => words.exec(line)?.[1]).find((said) => said !== undefined)
        if (found === undefined && !this.#isEnded) return
        this.#waiting.delete(look)
        if (found !== undefined) resolve(found)
        else reject(new Error(`A daemon of Spark has ended before it said ${words}:\n${this.#lines.join('\n')}`))
      }
      this.#waiting.add(look)
      look()
    })
  }
}

interface StandaloneOptions {
  readonly hosts?: readonly string[]
  readonly machine?: Readonly<Record<string, string>>
}

/** A master of standalone Spark and its workers, on addresses of loopback. */
export class Standalone {
  readonly home = findSpark({ run: () => ({ status: 1, text: '' }) }).home
  readonly #folder = mkdtempSync(join(tmpdir(), 'dstream-standalone-'))
  #master!: Daemon
  readonly #workers: Daemon[] = []
  master = ''

  /**
   * Starts the master, and a worker on each host.
   *
   * @param machine variables of the environment that drivers and executors inherit
   */
  async start({ hosts = [LOOPBACK], machine = {} }: StandaloneOptions = {}): Promise<void> {
    const masterEnv = { SPARK_LOCAL_IP: LOOPBACK, SPARK_MASTER_OPTS: '-Dspark.master.rest.enabled=false' }
    this.#master = new Daemon(this.home, 'master.Master', LOOPBACK, ['--port', '0'], masterEnv)
    this.master = await this.#master.said(/Starting Spark master at (\S+)/)
    // A driver and an executor of a job, with a core and little memory each.
    const resources = ['--cores', '3', '--memory', '2g']
    for (const host of hosts) {
      const env = { ...machine, SPARK_LOCAL_IP: host, SPARK_WORKER_DIR: this.#folder }
      this.#workers.push(new Daemon(this.home, 'worker.Worker', host, [...resources, this.master], env))
    }
    await Promise.all(this.#workers.map((worker) => worker.said(/(Successfully registered)/)))
  }

  /** Asks the master to end a driver. */
  kill(driver: string): void {
    const args = ['org.apache.spark.deploy.Client', 'kill', this.master, driver]
    spawnSync(join(this.home, 'bin/spark-class'), args, { env: { ...process.env, SPARK_LOCAL_IP: LOOPBACK } })
  }

  /** Resolves to the state in which the master removes a driver that has ended for good. */
  stateAtEnd(driver: string): Promise<string> {
    return this.#master.said(new RegExp(`Removing driver: ${driver} \\((\\w+)`))
  }

  /** The process of the first worker, below which drivers and executors run. */
  get worker(): number {
    return this.#workers[0]!.child.pid!
  }

  /** Returns what all lives of a driver have printed. */
  printedBy(driver: string, stream: 'stdout' | 'stderr'): string {
    try {
      return readFileSync(join(this.#folder, driver, stream), 'utf8')
    } catch {
      return ''
    }
  }

  end(): void {
    for (const daemon of [...this.#workers, this.#master]) daemon.child.kill('SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
}
