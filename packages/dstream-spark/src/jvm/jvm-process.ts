import { spawn, type ChildProcess } from 'node:child_process'
import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'

/** How spark-submit is started. */
export interface JvmStart {
  readonly program: string
  /** The arguments without the port, which is the last one. */
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
}

/** The longest that a JVM may take from the end of its line to its own, in milliseconds. It halts by itself before. */
const LONGEST_END_MS = 20_000
/** What every JVM of Spark 4 prints first. */
const VECTOR_WARNING = 'WARNING: Using incubator modules: jdk.incubator.vector'
/** The characters of its log that an error shows. */
const LOG_TAIL = 2000

/** A JVM that this process has started. */
export class JvmProcess {
  readonly #child: ChildProcess
  readonly #exited: Promise<void>
  #log = ''

  /**
   * @param port the port of this process at which the JVM is expected
   * @param secret the secret that it has to know there
   * @param ended is called with the reason where it has ended, or was not found
   */
  constructor({ program, args, env }: JvmStart, port: number, secret: string, ended: (reason: string) => void) {
    // Ctrl-C of a terminal goes to all processes of a group: the job has to end before its Spark does.
    this.#child = spawn(program, [...args, String(port)], {
      env: { ...env, DSTREAM_SPARK_SECRET: secret },
      // What workers print must not come between the lines that the job prints.
      stdio: ['ignore', process.stderr.fd, 'pipe'],
      detached: true,
    })
    const atExit = (): void => this.#signal('SIGTERM')
    process.once('exit', atExit)
    this.#exited = new Promise((resolve) => {
      const settle = (reason: string): void => {
        process.off('exit', atExit)
        ended(reason)
        resolve()
      }
      this.#child.once('close', (code, signal) => settle(`it has ended with ${signal ?? `code ${code}`}`))
      this.#child.once('error', (error) => settle(error.message))
    })
    createInterface({ input: this.#child.stderr! }).on('line', (line) => {
      if (line === VECTOR_WARNING) return
      this.#log = `${this.#log}${line}\n`.slice(-LOG_TAIL)
      process.stderr.write(`${line}\n`)
    })
  }

  /** The end of its log. */
  get log(): string {
    return this.#log
  }

  /** Whether this process stays alive for the JVM. */
  keepAlive(keeps: boolean): void {
    for (const handle of [this.#child, this.#child.stderr as Socket])
      if (keeps) handle.ref()
      else handle.unref()
  }

  /** Resolves when the JVM has ended, for which its line is closed before. */
  async end(): Promise<void> {
    const kill = setTimeout(() => this.#signal('SIGKILL'), LONGEST_END_MS)
    await this.#exited
    clearTimeout(kill)
  }

  #signal(signal: NodeJS.Signals): void {
    try {
      this.#child.kill(signal)
    } catch {
      // It has ended.
    }
  }
}
