import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { ClusterStage } from 'dstream/cluster'
import { JvmLine } from './jvm-line.js'
import { packFrame, unpackFrame } from './pack.js'
import { reasonOf } from './reason.js'

/** How spark-submit is started. */
export interface JvmStart {
  readonly program: string
  /** The arguments without the port, which is the last one. */
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
}

/** What the JVM says about itself and its Spark, by `Main.about`. */
export type About = Readonly<Record<string, string>>

/** The calls of `FileCalls` in the JVM part. */
export type FileOperation = 'c' | 'r' | 'l' | 'd'

interface FileCall {
  readonly resolve: (result: Buffer | undefined) => void
  readonly reject: (error: Error) => void
}

/** The states of a call of a file, as `DriverLine` of the JVM part has them. */
const FILE_NONE = 1
const FILE_FAILED = 2
/** The longest that a JVM may take from the end of its line to its own, in milliseconds. It halts by itself before. */
const LONGEST_END_MS = 20_000
/** The bytes of a task, below the default of `spark.rpc.message.maxSize`. */
const MOST_BYTES = 100 * 2 ** 20
/** What every JVM of Spark 4 prints first. */
const VECTOR_WARNING = 'WARNING: Using incubator modules: jdk.incubator.vector'
/** The characters of its log that an error shows. */
const LOG_TAIL = 2000

/** The JVM part of the driver, from its start to its end. */
export class SparkJvm {
  readonly #stages = new Map<number, ClusterStage>()
  readonly #calls = new Map<number, FileCall>()
  readonly #secret = randomBytes(16).toString('hex')
  #line!: JvmLine
  #child!: ChildProcess
  #exited!: Promise<void>
  #log = ''
  #lastStage = 0
  #lastCall = 0
  #endedFor: string | undefined
  #hello!: (about: About) => void
  #refuse!: (error: Error) => void
  /** Called once where the JVM ends by itself. */
  #onEnd: (reason: string) => void

  private constructor(onEnd: (reason: string) => void) {
    this.#onEnd = onEnd
  }

  /**
   * Starts a JVM. Resolves once its context of Spark is there.
   *
   * @param onEnd is called where the JVM ends by itself later
   * @throws with the end of its log where it ends before
   */
  static async start(start: JvmStart, onEnd: (reason: string) => void): Promise<readonly [SparkJvm, About]> {
    const jvm = new SparkJvm(onEnd)
    const about = new Promise<About>((resolve, reject) => {
      jvm.#hello = resolve
      jvm.#refuse = reject
    })
    jvm.#line = await JvmLine.listen(jvm.#secret, {
      hello: (table) => jvm.#hello(table),
      reply: (stage, partition, frame) => jvm.#stages.get(stage)?.reply(partition, unpackFrame(frame)),
      ended: (stage, failure) => jvm.#stageEnded(stage, failure === '' ? undefined : failure),
      fileDone: (call, status, result) => jvm.#fileDone(call, status, result),
      closed: () => jvm.#ended('it has closed its line'),
    })
    jvm.#spawn(start)
    return [jvm, await about]
  }

  open(settings: Readonly<Record<string, string>>): void {
    this.#line.open(settings)
  }

  /** Begins a stage; returns what ends it. */
  run(stage: ClusterStage): () => void {
    if (this.#endedFor !== undefined) {
      stage.ended(this.#endedFor)
      return () => undefined
    }
    const id = ++this.#lastStage
    const [sent, frames] = this.#packed(stage)
    this.#stages.set(id, { ...stage, reply: (partition, frame) => stage.reply(sent[partition]!, frame) })
    const places = sent.map((task) => stage.places?.[task] ?? '')
    if (frames.length > 0) this.#line.stage(id, frames, places)
    else this.#stageEnded(id, undefined)
    return () => {
      if (this.#stages.delete(id)) this.#line.cancel(id)
    }
  }

  /** Returns the tasks that Spark takes, by their indexes, as bytes. The others are failed at once. */
  #packed(stage: ClusterStage): readonly [sent: readonly number[], frames: readonly Uint8Array[]] {
    const sent: number[] = []
    const frames: Uint8Array[] = []
    for (const [index, task] of stage.tasks.entries()) {
      const frame = packFrame(task)
      if (frame.length <= MOST_BYTES) {
        sent.push(index)
        frames.push(frame)
        continue
      }
      const reason = `a partition of ${frame.length} bytes is larger than a task of Spark (${MOST_BYTES})`
      // A table that does not fit into a task will not do so with the next batch either.
      stage.reply(index, { type: 'failed', id: index, forGood: stage.places?.[index] !== undefined, reason })
    }
    return [sent, frames]
  }

  /** Runs a stage to its end. Resolves to its replies. @throws with the reason why one is missing */
  runAll(tasks: readonly unknown[]): Promise<readonly unknown[]> {
    return new Promise((resolve, reject) => {
      const replies: unknown[] = []
      this.run({
        tasks,
        reply: (task, frame) => (replies[task] = frame),
        ended: (failure) => (failure === undefined ? resolve(replies) : reject(new Error(failure))),
      })
    })
  }

  /**
   * Calls a file system of Hadoop. Resolves to `undefined` for a file that is not there, or, where it is to be created, that is
   * there already.
   */
  file(operation: FileOperation, uri: string, bytes: Uint8Array): Promise<Buffer | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#endedFor !== undefined) return reject(new Error(this.#endedFor))
      const call = ++this.#lastCall
      this.#calls.set(call, { resolve, reject })
      this.keepAlive(true)
      this.#line.file(call, operation, uri, bytes)
    })
  }

  #fileDone(call: number, status: number, result: Buffer): void {
    const { resolve, reject } = this.#calls.get(call)!
    this.#calls.delete(call)
    this.keepAlive(this.#calls.size > 0)
    if (status === FILE_FAILED) reject(new Error(reasonOf(result.toString())))
    else resolve(status === FILE_NONE ? undefined : result)
  }

  /** Whether this process stays alive for the JVM. */
  keepAlive(keeps: boolean): void {
    this.#line.keepAlive(keeps)
    const log = this.#child.stderr as Socket
    for (const handle of [this.#child, log])
      if (keeps) handle.ref()
      else handle.unref()
  }

  /** Ends the JVM and with it its executors and their workers. Resolves when the process has ended. */
  async end(): Promise<void> {
    this.#onEnd = () => undefined
    this.#line.close()
    const kill = setTimeout(() => this.#signal('SIGKILL'), LONGEST_END_MS)
    await this.#exited
    clearTimeout(kill)
  }

  #spawn({ program, args, env }: JvmStart): void {
    // Ctrl-C of a terminal goes to all processes of a group: the job has to end before its Spark does.
    this.#child = spawn(program, [...args, String(this.#line.port)], {
      env: { ...env, DSTREAM_SPARK_SECRET: this.#secret },
      // What workers print must not come between the lines that the job prints.
      stdio: ['ignore', process.stderr.fd, 'pipe'],
      detached: true,
    })
    const atExit = (): void => this.#signal('SIGTERM')
    process.once('exit', atExit)
    this.#exited = new Promise((resolve) => {
      const settle = (reason: string): void => {
        process.off('exit', atExit)
        this.#ended(reason)
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

  #signal(signal: NodeJS.Signals): void {
    try {
      this.#child.kill(signal)
    } catch {
      // It has ended.
    }
  }

  #stageEnded(id: number, failure: string | undefined): void {
    const stage = this.#stages.get(id)
    this.#stages.delete(id)
    stage?.ended(failure)
  }

  #ended(reason: string): void {
    if (this.#endedFor !== undefined) return
    this.#endedFor = `the JVM of Spark is gone: ${reason}`
    this.#refuse(
      new Error(`Spark does not start: ${reason}.${this.#log === '' ? '' : ` The end of its log:\n${this.#log}`}`),
    )
    for (const { reject } of this.#calls.values()) reject(new Error(this.#endedFor))
    this.#calls.clear()
    for (const id of [...this.#stages.keys()]) this.#stageEnded(id, this.#endedFor)
    this.#line.close()
    this.#onEnd(this.#endedFor)
  }
}
