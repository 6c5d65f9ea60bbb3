import { Seconds, type Time, type Attempt } from 'dstream'
import { TestContext, type Output } from 'dstream/testing'
import fc from 'fast-check'
import { expect } from 'vitest'
import { operators, type Pair, type Params, type Past, type Stream } from './operators.js'

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
  readonly crash: { readonly at: string; readonly after: number; readonly downtime: number } | undefined
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
  crash: fc.option(fc.record({ at: fc.constantFrom(...cuts), after: fc.nat(6), downtime: fc.nat(2) }), {
    nil: undefined,
  }),
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

/** Batch → records of each output, as the whole history makes them, in no order. */
function expected(graph: Graph, batches: number): Map<number, string[]>[] {
  const nodes = nodesOf(graph)
  const pasts = nodes.map((): Past[number][] => [])
  for (let now = 1; now <= batches; now++) {
    for (const [i, { step, parents, slide }] of nodes.entries()) {
      if (now % slide !== 0) continue
      const records =
        step === undefined
          ? [...(graph.rows[now - 1] ?? [])]
          : operators[step.operator]!.naive([pasts[parents[0]]!, pasts[parents[1]]!], now, {
              ...step,
              unit: nodes[parents[0]]!.slide,
            })
      pasts[i]!.push({ at: now, records })
    }
  }
  return outputsOf(nodes).map((i) => new Map(pasts[i]!.map(({ at, records }) => [at, sorted(records)])))
}

function sorted(records: readonly Pair[]): string[] {
  return records.map((record) => JSON.stringify(record)).sort()
}

function define(graph: Graph, t: TestContext): Output<Pair>[] {
  const nodes = nodesOf(graph)
  const streams: Stream[] = []
  for (const { step, parents, slide } of nodes) {
    if (step === undefined) streams.push(t.inputPairs(graph.rows, { numPartitions: graph.parts }))
    else {
      const unit = nodes[parents[0]]!.slide
      const windows = [Seconds(step.window * unit), Seconds(slide)] as const
      streams.push(operators[step.operator]!.define([streams[parents[0]]!, streams[parents[1]]!], step, windows))
    }
  }
  const isFailing = (time: Time): boolean => time.milliseconds / 1000 === graph.failing
  const fail = (_: unknown, time: Time): void => {
    if (isFailing(time)) throw refused
  }
  streams[0]!.foreachRDD(fail, { retry: { attempts: 2 }, onFailure: 'skip' })
  const outputs = outputsOf(nodes).map((i) => t.output(streams[i]!))
  let done = -Infinity
  const failForAWhile = (_: unknown, time: Time, attempt: Attempt): void => {
    expect(time.milliseconds, 'an output sees its batches in order').toBeGreaterThan(done)
    if (isFailing(time) && attempt.number < 4) throw refused
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

/** Runs the graph, with its crash, and compares every batch of every output with the naive model. */
export async function check(graph: Graph): Promise<void> {
  const batches = graph.rows.length + 3
  const first = new TestContext({ batchInterval: Seconds(1), onRecordError: () => 'skip' })
  const lives: Output<Pair>[][] = [define(graph, first)]
  let last: TestContext = first
  let run = 0
  if (graph.crash !== undefined) {
    const { at, after, downtime } = graph.crash
    await first.run(after).catch(expectNothingElse)
    const again = await first.crashAndRecover((t) => define(graph, t), { at, downtime: Seconds(downtime) })
    lives.push(again.defined)
    last = again
    run = after + 1 + downtime
  }
  await last.run(Math.max(0, batches - run)).catch(expectNothingElse)
  await last.stop()
  for (const [i, truth] of expected(graph, batches).entries()) {
    const seen = new Map<number, string[]>()
    for (const life of lives) {
      const { times, batches: given } = life[i]!
      for (const [j, time] of times.entries()) {
        const records = sorted(given[j]!)
        const before = seen.get(time / 1000)
        if (before !== undefined) expect(records, `batch ${time / 1000} again`).toEqual(before)
        seen.set(time / 1000, records)
      }
    }
    const due = [...seen.keys()].filter((batch) => batch <= batches).sort((a, b) => a - b)
    expect(due, `the batches of output ${i}`).toEqual([...truth.keys()])
    for (const [batch, records] of truth) expect(seen.get(batch), `output ${i}, batch ${batch}`).toEqual(records)
  }
}
