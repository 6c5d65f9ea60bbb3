import { Milliseconds, Time, type Attempt, type InputSource, type RDD } from 'dstream'
import { TestContext, type Output, type TestContextOptions } from 'dstream/testing'
import fc from 'fast-check'
import { expect } from 'vitest'
import { loopbackWorkers, tasksOf } from '../loopback-workers.js'
import { naming, unnamed } from './naming.js'
import { operators, type Pair, type Params, type Past, type Span, type Stream } from './operators.js'

/** What a later life of a graph does differently. Numbers of steps are by their places. */
interface Change {
  readonly intervalMs: number
  readonly slides: readonly number[]
  readonly parts: number
}

/** One operator of a graph. `from` and `beside` choose its parents among the nodes before it; node 0 is the source. */
interface Step extends Params {
  readonly operator: string
  readonly from: number
  readonly beside: number
}

export interface Graph {
  readonly steps: readonly Step[]
  readonly rows: readonly (readonly Pair[])[]
  readonly parts: number
  /** The batch in which one more output throws, before the others and after them. */
  readonly failing: number | undefined
  /** The life ends at this point of the batch after so many others, and goes on after so many more. */
  readonly crash:
    | { readonly at: string; readonly after: number; readonly downtime: number; readonly change: Change | undefined }
    | undefined
}

/** Steps to which every batch comes. */
const cuts = ['batch:allocated', 'batch:evaluated', 'commit:before-append', 'batch:committed']

const step: fc.Arbitrary<Step> = fc.record({
  operator: fc.constantFrom(...Object.keys(operators)),
  from: fc.nat(7),
  beside: fc.nat(7),
  window: fc.integer({ min: 1, max: 4 }),
  slide: fc.integer({ min: 1, max: 3 }),
  parts: fc.integer({ min: 1, max: 3 }),
})

export const pair: fc.Arbitrary<Pair> = fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: -4, max: 4 }))

export const graphs: fc.Arbitrary<Graph> = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 8 }),
  rows: fc.array(fc.array(pair, { maxLength: 5 }), { minLength: 2, maxLength: 9 }),
  parts: fc.integer({ min: 1, max: 3 }),
  failing: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }),
  crash: fc.option(
    fc.record({
      at: fc.constantFrom(...cuts),
      after: fc.nat(6),
      downtime: fc.nat(2),
      change: fc.option(
        fc.record({
          intervalMs: fc.constantFrom(1000, 500, 750, 1500, 2000),
          slides: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 8, maxLength: 8 }),
          parts: fc.integer({ min: 1, max: 3 }),
        }),
        { nil: undefined },
      ),
    }),
    { nil: undefined },
  ),
})

interface Node {
  readonly step: Step | undefined
  readonly parents: readonly [number, number]
  /** In batches. */
  readonly slide: number
}

/** The nodes with their parents: streams that meet must have one slide, and no slide grows beyond four batches. */
export function nodesOf({ steps }: Graph): Node[] {
  const nodes: Node[] = [{ step: undefined, parents: [0, 0], slide: 1 }]
  for (const step of steps) {
    const first = step.from % nodes.length
    const unit = nodes[first]!.slide
    const alike = nodes.flatMap(({ slide }, i) => (slide === unit ? [i] : []))
    const { traits = [] } = operators[step.operator]!
    const slide = traits.includes('slides') && unit * step.slide <= 4 ? step.slide : 1
    nodes.push({
      step: { ...step, slide },
      parents: [first, alike[step.beside % alike.length]!],
      slide: unit * slide,
    })
  }
  return nodes
}

/** Nodes that nothing else reads, and the first node of all that two others read. */
export function outputsOf(nodes: readonly Node[]): number[] {
  const readers = nodes.map(
    (_, i) => nodes.filter(({ step, parents }) => step !== undefined && parents.includes(i)).length,
  )
  const leaves = readers.flatMap((n, i) => (n === 0 ? [i] : []))
  const shared = readers.findIndex((n, i) => i > 0 && n > 1)
  return shared === -1 ? leaves : [...leaves, shared]
}

/** The graph as one life has it: the nodes, and their slides and windows in milliseconds. */
interface Life {
  readonly intervalMs: number
  readonly nodes: readonly Node[]
  readonly slideMs: readonly number[]
  /** The length of a window; for a state the time after which a key goes. */
  readonly lengthMs: readonly number[]
  readonly parts: number | undefined
}

const INTERVAL_MS = 1000

function firstLife(graph: Graph): Life {
  const nodes = nodesOf(graph)
  const slideMs = nodes.map(({ slide }) => slide * INTERVAL_MS)
  const lengthMs = nodes.map(({ step, parents }) => (step?.window ?? 0) * slideMs[parents[0]]!)
  return { intervalMs: INTERVAL_MS, nodes, slideMs, lengthMs, parts: undefined }
}

/**
 * The graph after the crash, with as much of the change as fits: streams that meet keep one slide, and no window reaches
 * back behind what the first life has kept.
 */
function secondLife({ crash }: Graph, first: Life): Life {
  const change = crash?.change
  if (change === undefined) return first
  const kept = first.nodes.map(({ step }) => step?.slide ?? 1)
  const tries: [number, readonly number[]][] = [
    [change.intervalMs, [1, ...change.slides]],
    [change.intervalMs, kept],
  ]
  for (const [intervalMs, slides] of tries) {
    const life = changed(first, intervalMs, slides, change.parts)
    if (life !== undefined) return life
  }
  return { ...first, parts: change.parts }
}

function changed(first: Life, intervalMs: number, slides: readonly number[], parts: number): Life | undefined {
  const slideMs: number[] = []
  const lengthMs: number[] = []
  for (const [i, { step, parents }] of first.nodes.entries()) {
    const unit = slideMs[parents[0]] ?? intervalMs
    const { traits = [], parents: count } = step === undefined ? { parents: 1 } : operators[step.operator]!
    if (count === 2 && slideMs[parents[1]] !== unit) return undefined
    const isWindow = traits.includes('window')
    const length = isWindow ? Math.max(1, Math.floor(first.lengthMs[i]! / unit)) : (step?.window ?? 0)
    if (isWindow && length * unit > first.lengthMs[i]!) return undefined
    slideMs.push(unit * (traits.includes('slides') ? slides[i]! : 1))
    lengthMs.push(length * unit)
  }
  return { ...first, intervalMs, slideMs, lengthMs, parts }
}

/** Whether the second life of a graph has another interval or other slides. */
export function isChanged(graph: Graph): boolean {
  const first = firstLife(graph)
  return secondLife(graph, first).slideMs.some((slideMs, i) => slideMs !== first.slideMs[i])
}

/** A batch of the whole history. Its grid is that of the life that began it first. */
interface Batch {
  readonly time: number
  readonly grid: Life
  /** The life whose results count. */
  readonly life: Life
}

/** The batches of both lives: the one that was cut belongs to the second life unless it was committed. */
function historyOf({ crash }: Graph, lives: readonly [Life, Life], count: number): Batch[] {
  const [first, second] = lives
  const batches: Batch[] = []
  for (let i = 0; i < count; i++) {
    const isFirst = crash === undefined || i <= crash.after
    const grid = isFirst ? first : second
    const before = batches.at(-1)?.time ?? 0
    const time = (Math.floor(before / grid.intervalMs) + 1) * grid.intervalMs
    const life = crash !== undefined && i === crash.after && crash.at !== 'batch:committed' ? second : grid
    batches.push({ time, grid, life })
  }
  return batches
}

/** Batch → records of each output, as the whole history makes them, in no order. */
function expected(graph: Graph, history: readonly Batch[]): Map<number, string[]>[] {
  const { nodes } = history[0]!.grid
  const pasts = nodes.map((): Past[number][] => [])
  const spans = nodes.map((): Span[] => [])
  for (const [row, { time, grid, life }] of history.entries()) {
    for (const [i, { step, parents }] of nodes.entries()) {
      if (time % grid.slideMs[i]! !== 0) continue
      spans[i]!.push({ at: time, length: life.lengthMs[i]! })
      const records =
        step === undefined
          ? [...(graph.rows[row] ?? [])]
          : operators[step.operator]!.naive([pasts[parents[0]]!, pasts[parents[1]]!], time, spans[i]!)
      pasts[i]!.push({ at: time, records })
    }
  }
  return outputsOf(nodes).map((i) => new Map(pasts[i]!.map(({ at, records }) => [at, sorted(records)])))
}

function sorted(records: readonly Pair[]): string[] {
  return records.map((record) => JSON.stringify(record)).sort()
}

/** The rows of the graph by batch time. */
function tableSource(t: TestContext, rows: ReadonlyMap<number, readonly Pair[]>, numPartitions: number): Stream {
  return t.ssc.addSource<Pair>((home): InputSource<Pair> => {
    const rowOf = (time: number): readonly Pair[] => rows.get(time) ?? []
    return {
      streamId: home.streamId,
      name: 'Rows',
      operator: {
        kind: 'input',
        params: {},
        parents: [],
        slideMs: home.slideMs,
        lookbackMs: 0,
        source: true,
        compute: (time): RDD<Pair> => home.sc.parallelize(rowOf(time), { numPartitions }),
      },
      start: () => undefined,
      stop: () => Promise.resolve(),
      info: (time) => ({ inputStreamId: home.streamId, numRecords: rowOf(time).length, metadata: {} }),
    }
  })
}

function define(graph: Graph, life: Life, history: readonly Batch[], t: TestContext): Output<Pair>[] {
  const rows = new Map(history.map(({ time }, row) => [time, graph.rows[row] ?? []]))
  const streams: Stream[] = []
  for (const [i, { step, parents }] of life.nodes.entries()) {
    if (step === undefined) streams.push(tableSource(t, rows, life.parts ?? graph.parts))
    else {
      const windows = [Milliseconds(life.lengthMs[i]!), Milliseconds(life.slideMs[i]!)] as const
      const given = { ...step, parts: life.parts ?? step.parts }
      const [one, other] = [naming(streams[parents[0]]!, `node ${i}`), naming(streams[parents[1]]!, `node ${i} beside`)]
      streams.push(unnamed(operators[step.operator]!.define([one, other], given, windows)))
    }
  }
  const failing = graph.failing === undefined ? undefined : history[graph.failing - 1]?.time
  const fail = (_: unknown, time: Time): void => {
    if (time.milliseconds === failing) throw refused
  }
  streams[0]!.foreachRDD(fail, { retry: { attempts: 2 }, onFailure: 'skip' })
  const outputs = outputsOf(life.nodes).map((i) => t.output(streams[i]!))
  let done = -Infinity
  const failForAWhile = (_: unknown, time: Time, attempt: Attempt): void => {
    expect(time.milliseconds, 'an output sees its batches in order').toBeGreaterThan(done)
    if (time.milliseconds === failing && attempt.number < 4) throw refused
    done = time.milliseconds
  }
  streams.at(-1)!.foreachRDD(failForAWhile, { retry: { attempts: Infinity } })
  return outputs
}

const refused = new Error('an output that throws')
/** A run rejects when an output has failed; all its batches have run all the same. */
function expectNothingElse(error: unknown): void {
  return expect(error).toBe(refused)
}

/**
 * Runs the graph, with its crash, and compares every batch of every output with the naive model. Returns the number of tasks that
 * workers have done, where there are several threads.
 */
export async function check(graph: Graph, threads?: number): Promise<number> {
  const { crash } = graph
  const first = firstLife(graph)
  const second = secondLife(graph, first)
  const history = historyOf(graph, [first, second], graph.rows.length + 3)
  const options: Pick<TestContextOptions, 'onRecordError'> = { onRecordError: () => 'skip' }
  const begin = (life: Life, rest: Pick<TestContextOptions, 'storage' | 'startTime'> = {}) => {
    const batchInterval = Milliseconds(life.intervalMs)
    const inWorker = (): TestContext => {
      const worker = new TestContext({ ...options, batchInterval })
      define(graph, life, history, worker)
      return worker
    }
    const workers = threads === undefined ? undefined : loopbackWorkers(() => inWorker().ssc, { leastBytes: 0 })
    const t = new TestContext({ ...options, batchInterval, threads, ...rest }, workers && { workers })
    return [t, define(graph, life, history, t)] as const
  }
  let [t, outputs] = begin(first)
  const given = [outputs]
  let onWorkers = 0
  let nowMs = 0
  if (crash !== undefined) {
    await t.run(crash.after).catch(expectNothingElse)
    const { storage } = await t.crashAndRecover(() => undefined, { at: crash.at })
    nowMs = (crash.after + 1 + crash.downtime) * first.intervalMs
    const startTime = new Time(nowMs)
    onWorkers += tasksOf(t.ssc).onWorkers
    ;[t, outputs] = begin(second, { storage, startTime })
    given.push(outputs)
  }
  await t.run(history.filter(({ time }) => time > nowMs).length).catch(expectNothingElse)
  await t.stop()
  // A batch that was cut may have given its outputs in the first life too, as that life had them.
  const cut = history.slice(0, (crash?.after ?? 0) + 1).map((batch) => ({ ...batch, life: first }))
  const models = crash === undefined ? [expected(graph, history)] : [expected(graph, cut), expected(graph, history)]
  for (const [i, truth] of models.at(-1)!.entries()) {
    const seen = new Set<number>()
    for (const [life, outputs] of given.entries()) {
      const { times, batches } = outputs[i]!
      for (const [j, time] of times.entries()) {
        if (time > history.at(-1)!.time) continue
        seen.add(time)
        expect(sorted(batches[j]!), `output ${i}, batch ${time}, life ${life}`).toEqual(models[life]![i]!.get(time))
      }
    }
    const due = [...seen].sort((a, b) => a - b)
    expect(due, `the batches of output ${i}`).toEqual([...truth.keys()])
  }
  return onWorkers + tasksOf(t.ssc).onWorkers
}
