import { Seconds, Time, type Plan } from 'dstream'
import { memoryStorage, type DiskCall, type DiskFault, type MemoryStorage } from 'dstream/storage'
import { TestContext } from 'dstream/testing'
import type { Job, SweepGraph } from './graphs.js'
import { World, rows } from './world.js'

/** Small, so that files follow one another and snapshots are due within eight batches. */
const limits = { segmentBytes: 600, snapshotBytes: 300, keepSnapshots: 2 }

/** Something that an output was given. */
export interface Word {
  readonly life: number
  readonly output: number
  readonly time: number
  /** The batch whose commit says that the output is done with it; a later one for what has waited. */
  readonly batch: number
  readonly records: readonly unknown[]
  readonly attempt: number
  readonly replayed: boolean
  readonly failed: boolean
}

/** What is known of a life when it has ended. */
export interface Ending {
  /** The last batch that it has committed, and the last that it has begun. */
  readonly committed: number | undefined
  readonly begun: number
}

/** Everything that the lives of one job have left behind. */
export interface Trace {
  readonly words: Word[]
  readonly endings: Ending[]
  /** The last batch that each life found committed: a commit may be on the disk before its life knew of it. */
  readonly found: (number | undefined)[]
  readonly errors: Set<string>
  readonly warnings: string[]
  /** The names of the steps and the calls of the disk, life by life. */
  readonly steps: string[][]
  readonly calls: DiskCall[][]
  /** How many calls there had been when the first batch of each life was done. */
  readonly callsOfStart: number[]
  states: unknown
  readonly store: ReadonlyMap<number, readonly unknown[]>
}

/** Where a life ends: at its nth step, or at its nth call of the disk; which may also go wrong instead. */
export type Cut = { readonly step: number } | ({ readonly call: number } & DiskFault)

export type Mode = NonNullable<Parameters<MemoryStorage['crash']>[0]>

/** The lives of one job on one storage, one after the other. */
export class Lives {
  readonly trace: Trace
  readonly #world: World
  readonly #graph: SweepGraph
  readonly #directory: string
  readonly #eager: boolean
  #storage = memoryStorage()
  #nowMs = 0

  /**
   * `healthy`: nothing fails as it does in a first life. `eager`: blocks are worked on before their batch, as far as the engine
   * does so.
   */
  constructor(graph: SweepGraph, directory: string, { healthy = false, eager = true } = {}) {
    this.#world = new World(healthy ? 1 : 0)
    this.#eager = eager
    this.#graph = graph
    this.#directory = directory
    this.trace = {
      words: [],
      endings: [],
      found: [],
      errors: new Set(),
      warnings: [],
      steps: [],
      calls: [],
      callsOfStart: [],
      states: undefined,
      store: this.#world.store,
    }
  }

  /** The graph as the engine sees it. */
  plan(): Plan {
    const t = this.#context(() => undefined)
    this.#define(t, () => true)
    return t.ssc.plan()
  }

  /** A life that nothing cuts, to the end of all rows. */
  async last(mode: Mode = {}): Promise<Trace> {
    let wasCut = await this.next(undefined, mode)
    // A job that stops of itself in its first life is started again.
    if (wasCut && this.#graph.stops === true) wasCut = await this.next(undefined, mode)
    if (wasCut) throw new Error('it was cut')
    return this.trace
  }

  /**
   * One more life, up to the cut, on what `mode` has left of what was not synced. False when it came to its end first;
   * rejects with what has ended the context.
   */
  async next(cut: Cut | undefined, mode: Mode = {}): Promise<boolean> {
    const { trace } = this
    const life = trace.endings.length
    const steps: string[] = []
    const calls: DiskCall[] = []
    trace.steps.push(steps)
    trace.calls.push(calls)
    let over = false
    let inBatch = false
    let end!: () => void
    const reached = new Promise<boolean>((resolve) => (end = () => ((over = true), resolve(true))))
    const fault = (call: DiskCall): DiskFault | undefined => {
      const here = cut !== undefined && 'call' in cut && cut.call === calls.length
      calls.push(call)
      return here ? cut : undefined
    }
    this.#storage = this.#storage.crash({ ...mode, fault })
    void this.#storage.crashed.then(end)
    this.#world.begin()
    const t = this.#context((name) => {
      if (over) return new Promise<void>(() => undefined)
      if (cut !== undefined && 'step' in cut && cut.step === steps.length) {
        end()
        steps.push(name)
        return new Promise<void>(() => undefined)
      }
      steps.push(name)
      if (name === 'batch:begin') inBatch = true
      if (name === 'batch:committed') inBatch = false
      if (name === 'batch:forgotten') trace.callsOfStart[life] ??= calls.length
      return undefined
    })
    this.#define(
      t,
      () => over,
      () => inBatch,
    )
    try {
      return await Promise.race([this.#live(t, () => over), reached])
    } finally {
      over = true
      this.#end(t)
      // Not awaited: calls of a disk that has crashed never settle.
      void t.crash()
    }
  }

  #context(steps: (name: string) => Promise<void> | undefined): TestContext {
    const silent = (): void => undefined
    const warn = (_: object, message: string): void => void this.trace.warnings.push(message)
    const logger = { debug: silent, info: silent, warn, error: silent }
    const life = { storage: this.#storage, startTime: new Time(this.#nowMs), logger }
    return new TestContext(
      { batchInterval: Seconds(1), eager: this.#eager, ...this.#graph.options, ...life },
      { firstMs: 1000, onCrashPoint: steps, limits },
    )
  }

  #define(t: TestContext, isOver: () => boolean, isInBatch: () => boolean = () => true): void {
    const { trace } = this
    const life = trace.endings.length
    let outputs = 0
    const batchNow = (): number => {
      const { nextMs } = t.ssc.engine!.ticker
      return isInBatch() ? nextMs - 1000 : nextMs
    }
    const told = (word: Omit<Word, 'life'>, mayThrow = true): void => {
      // The dead say nothing.
      if (isOver()) return
      trace.words.push({ life, ...word })
      if (word.failed && mayThrow) throw new Error('the output failed')
    }
    const job: Job = {
      t,
      ssc: t.ssc,
      world: this.#world,
      directory: this.#directory,
      say: (stream, fails = () => false) => {
        const output = outputs++
        stream.foreachRDD(async (rdd, { milliseconds: time }, { number: attempt, replayed }) => {
          const batch = batchNow()
          const records = await rdd.collect()
          told({ output, time, batch, records, attempt, replayed, failed: fails(time) })
        })
      },
      sayEach: (stream, numPartitions, fails = () => false) => {
        const first = outputs
        outputs += numPartitions
        stream.foreachPartition((all, { time: { milliseconds: time }, partition, attempt, replayed }) => {
          // No commit says that a batch is done of which one partition has failed.
          const failed = fails(time)
          const word = { output: first + partition, time, records: [...all], attempt, replayed, failed }
          told({ ...word, batch: batchNow() }, partition === numPartitions - 1)
        })
      },
    }
    this.#graph.define(job)
  }

  async #live(t: TestContext, isOver: () => boolean): Promise<boolean> {
    const world = this.#world
    await t.ssc.start()
    this.trace.found[this.trace.endings.length] = t.ssc.engine!.store.committed
    world.row = this.#nowMs / 1000
    await world.happen(Math.max(world.seen, this.#isAllocated() ? Math.min(world.row + 1, rows.length) : 0))
    await settled(t)
    // What was missed, or begun and not finished.
    await t.run(0).catch(() => undefined)
    for (let row = this.#nextRow(t); row <= rows.length; row = this.#nextRow(t)) {
      if (isOver()) return true
      await world.happen(row)
      this.#nowMs = row * 1000
      world.row = row
      // What the user's functions throw is in the trace; what ends the context is not to be.
      await t.run(1).catch((error: unknown) => {
        if (t.ssc.getState() !== 'ACTIVE' && this.#graph.stops !== true) throw error
      })
      if (t.ssc.getState() !== 'ACTIVE') return true
    }
    if (isOver()) return true
    this.trace.states = t.ssc.engine!.states()
    await t.ssc.stop()
    return false
  }

  /** The batch that was cut has been given its data and gets no more: the next row may come while the program is away. */
  #isAllocated(): boolean {
    const steps = this.trace.steps.at(-2) ?? []
    const begun = this.trace.endings.at(-1)?.begun === this.#nowMs
    return begun && steps.lastIndexOf('batch:allocated') > steps.lastIndexOf('batch:begin')
  }

  #nextRow(t: TestContext): number {
    return t.ssc.engine!.ticker.nextMs / 1000
  }

  #end(t: TestContext): void {
    const { engine } = t.ssc
    // A life that has not come to its first batch has neither.
    const evaluates = engine !== undefined
    this.trace.endings.push({
      committed: evaluates ? engine.store.committed : undefined,
      begun: evaluates ? engine.ticker.nextMs - 1000 : -Infinity,
    })
    for (const { time, output, operator, error } of t.errors) {
      this.trace.errors.add(`${output ?? operator} at ${time}: ${String(error)}`)
    }
  }
}

/** What has been handed over since the start is in blocks, and these are stored. */
async function settled(t: TestContext): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
  await Promise.all(t.ssc.inputs.all.flatMap(({ supervisor }) => supervisor?.buffer.closeDue() ?? []))
}
