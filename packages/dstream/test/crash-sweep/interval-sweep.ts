import { isDeepStrictEqual } from 'node:util'
import { Milliseconds, Time, type DStream } from 'dstream'
import { memoryStorage, type MemoryStorage } from 'dstream/storage'
import { TestContext, type TestContextOptions } from 'dstream/testing'
import type { Mode } from './lives.js'
import { minus, ones, sum } from './words.js'
import { hands, rows, World } from './world.js'

// Crashes behind which a job goes on with another batch interval. Batch times differ then from those of a job without a
// crash, and with them all that depends on them; so each output has a rule of its own for what it must have been given.

/** Small, so that files follow one another and snapshots are due within eight batches. */
const limits = { segmentBytes: 600, snapshotBytes: 300, keepSnapshots: 2 }
const WINDOW_MS = 3000

/** The intervals of the lives, one after the other; the last one is that of all later lives. Each divides the window. */
const intervals = [
  [1000, 500, 1500],
  [500, 1000],
  [1000, 250],
  [1500, 1000, 500],
]

type Pair = readonly [string, number]
/** `each`: every word, once. `last`: the last batch gives the totals. `window`: the words of the batches in the window. */
type Rule = 'each' | 'last' | 'window'

interface Given {
  readonly life: number
  readonly output: string
  readonly time: number
  readonly records: readonly unknown[]
  /** The last batch of its life that must be committed for it not to come again. */
  readonly settledBy: number
}

interface Job {
  readonly world: World
  readonly words: DStream<string>
  say(output: string, rule: Rule, stream: DStream<unknown>, fails?: (life: number) => boolean): void
  readonly life: number
}

interface IntervalGraph {
  readonly options?: Partial<TestContextOptions>
  /** Reads by positions; else a receiver stores the words. */
  readonly reads?: true
  readonly define: (job: Job) => void
}

/** Returns `[word, count]` as so many words. */
function repeated(pairs: DStream<[string, number]>): DStream<string> {
  return pairs.flatMap(([word, n]) => Array<string>(n).fill(word))
}

const graphs: Readonly<Record<string, IntervalGraph>> = {
  'states and windows': {
    define: ({ words, say }) => {
      say('words', 'each', words)
      say('totals', 'last', ones(words).runningReduceByKey(sum))
      say('window', 'window', words.map(String).window(Milliseconds(WINDOW_MS)))
      say('table', 'window', repeated(words.countByValueAndWindow(Milliseconds(WINDOW_MS))))
    },
  },
  'a source with positions': {
    reads: true,
    define: ({ words, say }) => {
      say('words', 'each', words)
      say(
        'totals',
        'last',
        ones(words).updateStateByKey<number>((values, old = 0) => values.reduce(sum, old)),
      )
      say('window', 'window', words.window(Milliseconds(WINDOW_MS)))
      say('reduced', 'window', repeated(ones(words).reduceByKeyAndWindow(sum, minus, Milliseconds(WINDOW_MS))))
    },
  },
  'an output that waits': {
    options: { retry: { attempts: Infinity } },
    define: ({ words, say, life }) => {
      say('words', 'each', words, () => life === 0)
      say('totals', 'last', ones(words).runningReduceByKey(sum))
    },
  },
  'a state that is held up': {
    options: { onFailure: 'skip' },
    define: ({ words, say, life }) => {
      const checked = ones(words).updateStateByKey<number>((values, old = 0) => {
        if (life === 0 && old > 0) throw new Error('away')
        return values.reduce(sum, old)
      })
      say('words', 'each', words)
      say('totals', 'last', checked)
    },
  },
}

type Cut = { readonly step: number } | { readonly call: number; readonly crash: 'before' | 'after' }

/** The lives of one job, each with its own interval. */
class IntervalLives {
  readonly given: Given[] = []
  readonly rules = new Map<string, Rule>()
  /** The steps and the calls of the disk of each life. */
  readonly steps: number[] = []
  readonly calls: number[] = []
  /** The last batch that each life has committed. */
  readonly committed: number[] = []
  readonly #world = new World(0)
  readonly #graph: IntervalGraph
  readonly #intervals: readonly number[]
  #storage: MemoryStorage = memoryStorage()
  #nowMs = 0

  constructor(graph: IntervalGraph, of: readonly number[]) {
    this.#graph = graph
    this.#intervals = of
  }

  get #life(): number {
    return this.steps.length - 1
  }

  /** One more life, up to the cut, or to the end of all rows. @returns whether it was cut */
  async next(cut: Cut | undefined, mode: Mode = {}): Promise<boolean> {
    this.steps.push(0)
    this.calls.push(0)
    this.committed.push(-Infinity)
    const life = this.#life
    let end!: () => void
    let over = false
    const reached = new Promise<boolean>((resolve) => (end = () => ((over = true), resolve(true))))
    this.#storage = this.#storage.crash({
      ...mode,
      fault: () => {
        const call = this.calls[life]!++
        return cut !== undefined && 'call' in cut && cut.call === call ? cut : undefined
      },
    })
    void this.#storage.crashed.then(end)
    this.#world.begin()
    const intervalMs = this.#intervals[Math.min(life, this.#intervals.length - 1)]!
    const t = new TestContext(
      { batchInterval: Milliseconds(intervalMs), storage: this.#storage, startTime: new Time(this.#nowMs), ...this.#graph.options }, // prettier-ignore
      {
        limits,
        onCrashPoint: () => {
          const step = this.steps[life]!++
          if (!over && cut !== undefined && 'step' in cut && cut.step === step) end()
          return over ? new Promise<void>(() => undefined) : undefined
        },
      },
    )
    this.#define(t, () => over)
    try {
      return await Promise.race([this.#live(t, () => over), reached])
    } finally {
      over = true
      this.committed[life] = t.ssc.engine?.store.committed ?? -Infinity
      this.#nowMs = Math.max(this.#nowMs, (t.ssc.engine?.ticker.nextMs ?? 0) - intervalMs)
      void t.crash()
    }
  }

  #define(t: TestContext, isOver: () => boolean): void {
    const life = this.#life
    const world = this.#world
    const waits = this.#graph.options !== undefined
    const words =
      this.#graph.reads === true
        ? t.ssc.fromSource(world.source()).uid('read')
        : t.ssc.receiverStream(world.receiver(hands.storeBlock)).uid('received')
    this.#graph.define({
      world,
      words,
      life,
      say: (output, rule, stream, fails = () => false) => {
        this.rules.set(output, rule)
        stream
          .foreachRDD(async (rdd, { milliseconds: time }) => {
            const records = await rdd.collect()
            if (isOver()) return
            if (fails(life)) throw new Error('the output failed')
            const { store, evaluation } = t.ssc.engine!
            const { batchTimes } = evaluation
            // What has waited may be given while a batch commits that does not know of it yet.
            const nextButOne = batchTimes.next(batchTimes.next(store.committed ?? -Infinity))
            const settledBy = waits && store.committed !== undefined ? Math.max(time, nextButOne) : time
            this.given.push({ life, output, time, records: records.sort(), settledBy })
          })
          .uid(`say ${output}`)
      },
    })
  }

  async #live(t: TestContext, isOver: () => boolean): Promise<boolean> {
    const world = this.#world
    await t.ssc.start()
    await world.happen(world.seen)
    await t.run(0).catch(() => undefined)
    while (world.seen < rows.length && !isOver()) {
      await world.happen(world.seen + 1)
      await t.run(1).catch(() => undefined)
    }
    // What waited for a batch of its own, and one empty batch.
    for (let batch = 0; batch < 2 && !isOver(); batch++) await t.run(1).catch(() => undefined)
    if (isOver()) return true
    await t.ssc.stop()
    return false
  }
}

/** Returns what is wrong with what the outputs were given. */
function wrongIn({ given, rules, committed }: IntervalLives): string | undefined {
  const all = rows.flat().sort()
  const totals: Pair[] = [...new Set(all)].map((word) => [word, all.filter((other) => other === word).length])
  const batches = new Map<string, Map<number, readonly unknown[]>>([...rules.keys()].map((name) => [name, new Map()]))
  for (const [i, { life, output, time, records }] of given.entries()) {
    const text = `${output} at ${time} in life ${life}, ${JSON.stringify(records)},`
    const earlier = given.slice(0, i).filter((other) => other.output === output)
    const before = earlier.find((other) => other.time === time)
    if (before !== undefined && !isDeepStrictEqual(before.records, records)) return `${text} was ${JSON.stringify(before.records)} before` // prettier-ignore
    if (before !== undefined && before.life === life) return `${text} came twice in a life`
    if (before !== undefined && committed[before.life]! >= before.settledBy) return `${text} had been committed`
    if (earlier.some((other) => other.life === life && other.time > time)) return `${text} came out of order`
    batches.get(output)!.set(time, records)
  }
  for (const [output, rule] of rules) {
    const found = wrongBy(rule, batches.get(output)!, batches.get('words')!, all, totals)
    if (found !== undefined) return `${output} ${found}`
  }
  return undefined
}

function wrongBy(
  rule: Rule,
  batches: ReadonlyMap<number, readonly unknown[]>,
  words: ReadonlyMap<number, readonly unknown[]>,
  all: readonly string[],
  totals: readonly Pair[],
): string | undefined {
  const differs = (found: unknown, wanted: unknown): string | undefined =>
    isDeepStrictEqual(found, wanted) ? undefined : `gave ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`
  if (rule === 'each') return differs([...batches.values()].flat().sort(), all)
  if (rule === 'last') return differs(batches.get(Math.max(...batches.keys())), totals)
  for (const [time, records] of batches) {
    const inside = [...words].filter(([at]) => at > time - WINDOW_MS && at <= time)
    const wrong = differs(records, inside.flatMap(([, of]) => of).sort())
    if (wrong !== undefined) return `at ${time} ${wrong}`
  }
  return undefined
}

const modes: readonly Mode[] = [{ unsynced: 'lost' }, { unsynced: 'kept' }, { unsynced: 'torn', seed: 1 }]

/**
 * Cuts every graph at every step and call of the disk, lets it go on with another interval, and cuts a third of these lives
 * again. `stride` takes one run of so many.
 * @returns the number of runs
 * @throws an Error that names graph, intervals and cuts and says what is wrong
 */
export async function intervalSweep(stride: number): Promise<number> {
  let place = 0
  let runs = 0
  for (const [name, graph] of Object.entries(graphs)) {
    for (const of of intervals) {
      const whole = new IntervalLives(graph, of)
      await whole.next(undefined)
      const cuts: Cut[] = [
        ...Array.from({ length: whole.steps[0]! }, (_, step) => ({ step })),
        ...Array.from({ length: whole.calls[0]! }, (_, call) => ({ call, crash: call % 2 === 0 ? ('before' as const) : ('after' as const) })), // prettier-ignore
      ]
      for (const [i, cut] of cuts.entries()) {
        if (place++ % stride > 0) continue
        const mode = modes[i % modes.length]!
        const lives = new IntervalLives(graph, of)
        await lives.next(cut)
        const again: Cut | undefined = i % 3 === 0 ? { step: (i * 7) % 40 } : undefined
        if (again !== undefined) await lives.next(again, mode)
        await lives.next(undefined, mode)
        const wrong = wrongIn(lives)
        if (wrong !== undefined) throw new Error(`${name}, ${of.join(', ')} ms, cut at ${JSON.stringify([cut, again, mode])}: ${wrong}`) // prettier-ignore
        runs++
      }
    }
  }
  return runs
}
