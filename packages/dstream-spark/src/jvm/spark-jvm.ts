import { randomBytes } from 'node:crypto'
import type { BlockFetch, BlockStage, ClusterStage } from 'dstream/cluster'
import { JvmLine, type JvmEvents, type PlacedTasks } from './jvm-line.js'
import { JvmProcess, type JvmStart } from './jvm-process.js'
import { packFrame, unpackFrame } from './pack.js'
import { reasonOf } from './reason.js'
import { framesIn } from './wire.js'

/** What the JVM says about itself and its Spark, by `Main.about`. */
export type About = Readonly<Record<string, string>>

/** The calls of `FileCalls` in the JVM part. */
export type FileOperation = 'c' | 'r' | 'l' | 'd' | 'm' | 'n' | 'v' | 'z' | 'w' | 'y' | 'x' | 'q' | 's'

interface FileCall {
  readonly resolve: (result: Buffer | undefined) => void
  readonly reject: (error: Error) => void
}

/** Takes the replies of a stage, as bytes. */
interface Stage {
  reply(partition: number, frame: Buffer): void
  ended(failure: string | undefined): void
}

type Tasks = Pick<ClusterStage, 'tasks' | 'places' | 'reply' | 'ended'>

/** A stage that may have left blocks: its number, and the tasks that were sent. */
interface LeavingStage {
  readonly id: number
  readonly sent: readonly number[]
}

/** The states of a call of a file, as `DriverLine` of the JVM part has them. */
const FILE_NONE = 1
const FILE_FAILED = 2
/** Why blocks are not there, for a log. */
const NOTHING_LEFT = 'the JVM that has had them is gone'
/** The bytes of a task, below the default of `spark.rpc.message.maxSize`. */
const MOST_BYTES = 100 * 2 ** 20
/** The JVM part of the driver, from its start to its end. */
export class SparkJvm {
  readonly #stages = new Map<number, Stage>()
  /** The stages that may have left blocks, by their names. */
  readonly #left = new Map<string, LeavingStage>()
  readonly #calls = new Map<number, FileCall>()
  #line!: JvmLine
  /** The process; `undefined` where the JVM has started this one. */
  #process: JvmProcess | undefined
  /** Whether this process stays alive for it also while nothing is asked of it. */
  #isHeld = true
  #lastStage = 0
  #lastCall = 0
  #endedFor: string | undefined
  #hello!: (about: About) => void
  #refuse!: (error: Error) => void
  readonly #about = new Promise<About>((resolve, reject) => {
    this.#hello = resolve
    this.#refuse = reject
  })
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
    const secret = randomBytes(16).toString('hex')
    jvm.#line = await JvmLine.listen(secret, jvm.#events(ignore))
    jvm.#process = new JvmProcess(start, jvm.#line.port, secret, (reason) => jvm.#ended(reason))
    return [jvm, await jvm.#about]
  }

  /**
   * Connects to the JVM that has started this process, and ends when this process does.
   *
   * @param onEnd is called where the JVM ends before
   * @param onStop is called where the job is to stop
   */
  static async attach(
    [port, secret]: readonly [port: number, secret: string],
    onEnd: (reason: string) => void,
    onStop: () => void,
  ): Promise<readonly [SparkJvm, About]> {
    const jvm = new SparkJvm(onEnd)
    jvm.#line = await JvmLine.connect(port, secret, jvm.#events(onStop))
    const about = await jvm.#about
    jvm.release()
    return [jvm, about]
  }

  #events(stop: () => void): JvmEvents {
    return {
      hello: (table) => this.#hello(table),
      reply: (stage, partition, frame) => this.#stages.get(stage)?.reply(partition, frame),
      ended: (stage, failure) => this.#stageEnded(stage, failure === '' ? undefined : failure),
      fileDone: (call, status, result) => this.#fileDone(call, status, result),
      stop,
      closed: () => this.#ended('it has closed its line'),
    }
  }

  open(settings: Readonly<Record<string, string>>): void {
    this.#line.open(settings)
  }

  /** Begins a stage; returns what ends it. */
  run(stage: ClusterStage): () => void {
    const { leaves } = stage
    return this.#beginTasks(stage, (id, tasks, sent) => {
      if (leaves !== undefined) this.#left.set(leaves, { id, sent })
      this.#line.stage(id, tasks, leaves !== undefined)
    })
  }

  /** Begins a stage over blocks; returns what ends it. */
  overBlocks(stage: BlockStage): () => void {
    const from = this.#left.get(stage.from)
    return this.#beginTasks(stage, (id, tasks, sent) => {
      if (from === undefined) return this.#stageEnded(id, NOTHING_LEFT)
      const left = stage.left.map(({ task, order }) => ({ task: from.sent.indexOf(task), order }))
      const buckets = sent.map((task) => stage.buckets[task]!)
      this.#line.overBlocks(id, { ...tasks, from: from.id, left, added: stage.added, buckets })
    })
  }

  /** Begins the tasks of a stage that Spark takes. @param send is given these, and their indexes */
  #beginTasks(stage: Tasks, send: (id: number, tasks: PlacedTasks, sent: readonly number[]) => void): () => void {
    const [sent, tasks] = this.#packed(stage)
    const places = sent.map((task) => stage.places?.[task] ?? '')
    const reply = (partition: number, frame: Buffer): void => stage.reply(sent[partition]!, unpackFrame(frame))
    return this.#begin({ reply, ended: (failure) => stage.ended(failure) }, (id) => {
      if (tasks.length === 0) this.#stageEnded(id, undefined)
      else send(id, { tasks, places }, sent)
    })
  }

  /** Begins to fetch blocks; returns what ends it. */
  fetch(fetch: BlockFetch): () => void {
    const from = this.#left.get(fetch.from)
    const reply = (task: number, bytes: Buffer): void => fetch.reply(from!.sent[task]!, framesIn(bytes))
    return this.#begin({ reply, ended: (failure) => fetch.ended(failure) }, (id) => {
      if (from === undefined) return this.#stageEnded(id, NOTHING_LEFT)
      const tasks = fetch.tasks.map((task) => from.sent.indexOf(task))
      this.#line.fetch(id, from.id, tasks)
    })
  }

  /** Removes the blocks of a stage. */
  forget(name: string): void {
    const left = this.#left.get(name)
    if (left === undefined) return
    this.#left.delete(name)
    this.#line.forget(left.id)
  }

  #begin(stage: Stage, send: (id: number) => void): () => void {
    if (this.#endedFor !== undefined) {
      stage.ended(this.#endedFor)
      return () => undefined
    }
    const id = ++this.#lastStage
    this.#stages.set(id, stage)
    this.#keepAlive()
    send(id)
    return () => {
      if (!this.#stages.delete(id)) return
      this.#line.cancel(id)
      this.#keepAlive()
    }
  }

  /** Returns the tasks that Spark takes, by their indexes, as bytes. The others are failed at once. */
  #packed(stage: Tasks): readonly [sent: readonly number[], frames: readonly Uint8Array[]] {
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
      this.#keepAlive()
      this.#line.file(call, operation, uri, bytes)
    })
  }

  #fileDone(call: number, status: number, result: Buffer): void {
    const { resolve, reject } = this.#calls.get(call)!
    this.#calls.delete(call)
    this.#keepAlive()
    if (status === FILE_FAILED) reject(new Error(reasonOf(result.toString())))
    else resolve(status === FILE_NONE ? undefined : result)
  }

  /** Lets this process end while nothing is asked of the JVM. */
  release(): void {
    this.#isHeld = false
    this.#keepAlive()
  }

  #keepAlive(): void {
    const keeps = this.#isHeld || this.#calls.size + this.#stages.size > 0
    this.#line.keepAlive(keeps)
    this.#process?.keepAlive(keeps)
  }

  /**
   * Ends the JVM and with it its executors and their workers. Resolves when the process has ended. One that has started this process
   * ends behind it.
   */
  async end(): Promise<void> {
    if (this.#process === undefined) return
    this.#onEnd = ignore
    this.#line.close()
    await this.#process.end()
  }

  #stageEnded(id: number, failure: string | undefined): void {
    const stage = this.#stages.get(id)
    this.#stages.delete(id)
    this.#keepAlive()
    stage?.ended(failure)
  }

  #ended(reason: string): void {
    if (this.#endedFor !== undefined) return
    this.#endedFor = `the JVM of Spark is gone: ${reason}`
    const log = this.#process?.log ?? ''
    this.#refuse(new Error(`Spark does not start: ${reason}.${log === '' ? '' : ` The end of its log:\n${log}`}`))
    for (const { reject } of this.#calls.values()) reject(new Error(this.#endedFor))
    this.#calls.clear()
    for (const id of [...this.#stages.keys()]) this.#stageEnded(id, this.#endedFor)
    this.#line.close()
    this.#onEnd(this.#endedFor)
  }
}

function ignore(): void {
  return undefined
}
