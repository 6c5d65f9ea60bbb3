import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { findSpark } from '../src/find-spark.js'

const { home } = findSpark({ run: () => ({ status: 1, text: '' }) })

/** A standalone master and its workers on addresses of loopback. */
export class Standalone {
  readonly #folder: string
  readonly #servers: ChildProcess[] = []
  master = ''

  /** @param folder for the files of the workers */
  constructor(folder: string) {
    this.#folder = folder
  }

  /** Starts the master, and a worker of two cores on each host. */
  async start(hosts: readonly string[]): Promise<void> {
    const free = ['--port', '0', '--webui-port', '0']
    this.master = await this.#daemon('master.Master', '127.0.0.1', free, /Starting Spark master at (\S+)/)
    const size = ['--cores', '2', '--memory', '1g', '--webui-port', '0']
    const joined = (host: string): Promise<string> =>
      this.#daemon('worker.Worker', host, [...size, this.master], /(Successfully registered)/)
    await Promise.all(hosts.map(joined))
  }

  end(): void {
    for (const server of this.#servers) server.kill('SIGKILL')
  }

  /** Starts a daemon, and resolves to what a line of its log says. */
  async #daemon(name: string, host: string, args: readonly string[], word: RegExp): Promise<string> {
    const child = spawn(join(home, 'bin/spark-class'), [`org.apache.spark.deploy.${name}`, '--host', host, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, SPARK_LOCAL_IP: host, SPARK_WORKER_DIR: this.#folder, SPARK_NO_DAEMONIZE: '1' },
    })
    this.#servers.push(child)
    for await (const line of createInterface({ input: child.stderr })) {
      const [, found] = word.exec(line) ?? []
      if (found !== undefined) {
        child.stderr.resume()
        return found
      }
    }
    throw new Error(`${name} has ended before it was up`)
  }
}
