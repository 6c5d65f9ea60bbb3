import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { findSpark } from '../src/find-spark.js'

/** A daemon of standalone Spark, and what it has logged. */
class Daemon {
  readonly child: ChildProcess
  readonly #lines: string[] = []
  readonly #waiting = new Set<() => void>()
  #isEnded = false

  constructor(home: string, name: string, args: readonly string[], env: Readonly<Record<string, string>>) {
    this.child = spawn(
      join(home, 'bin/spark-class'),
      [`org.apache.spark.deploy.${name}`, '--host', '127.0.0.1', '--webui-port', '0', ...args],
      { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, SPARK_NO_DAEMONIZE: '1', ...env } },
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

/** A master and a worker of standalone Spark on loopback. */
export class Standalone {
  readonly home = findSpark({ run: () => ({ status: 1, text: '' }) }).home
  readonly #folder = mkdtempSync(join(tmpdir(), 'dstream-standalone-'))
  #master!: Daemon
  #worker!: Daemon
  master = ''

  /** @param machine variables of the environment that drivers and executors inherit */
  async start(machine: Readonly<Record<string, string>> = {}): Promise<void> {
    const env = { ...machine, SPARK_LOCAL_IP: '127.0.0.1', SPARK_WORKER_DIR: this.#folder }
    const masterEnv = { ...env, SPARK_MASTER_OPTS: '-Dspark.master.rest.enabled=false' }
    this.#master = new Daemon(this.home, 'master.Master', ['--port', '0'], masterEnv)
    this.master = await this.#master.said(/Starting Spark master at (\S+)/)
    // A driver and an executor of a job, with a core and little memory each.
    const resources = ['--cores', '3', '--memory', '2g']
    this.#worker = new Daemon(this.home, 'worker.Worker', [...resources, this.master], env)
    await this.#worker.said(/(Successfully registered)/)
  }

  /** Asks the master to end a driver. */
  kill(driver: string): void {
    const args = ['org.apache.spark.deploy.Client', 'kill', this.master, driver]
    spawnSync(join(this.home, 'bin/spark-class'), args, { env: { ...process.env, SPARK_LOCAL_IP: '127.0.0.1' } })
  }

  /** Resolves to the state in which the master removes a driver that has ended for good. */
  stateAtEnd(driver: string): Promise<string> {
    return this.#master.said(new RegExp(`Removing driver: ${driver} \\((\\w+)`))
  }

  /** The process below which drivers and executors run. */
  get worker(): number {
    return this.#worker.child.pid!
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
    for (const daemon of [this.#worker, this.#master]) daemon.child.kill('SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
}
