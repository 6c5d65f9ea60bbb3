import { expect, test } from 'vitest'
import { Milliseconds, Receiver, Seconds, type DStream, type StreamingContextOptions } from 'dstream'
import { TestContext } from 'dstream/testing'
import { turn } from '../src/testing/turn.js'
import type { TaskFrame } from '../src/engine/stages/frames.js'
import { earlyWorkIsUnseen, Hand, sum, sumsAreThoseOfALoop, threadsAreUnseen } from './early-jobs.js'
import { loopbackWorkers, tasksOf, type WorkerFaults } from './loopback-workers.js'

test('early work changes nothing that can be seen', () => earlyWorkIsUnseen(150))
test('a sum by key is that of a loop over the lines, to the bit', () => sumsAreThoseOfALoop(50))
test('threads change nothing that can be seen of received blocks', () => threadsAreUnseen(40))

/** The virtual times at which a step of a job is called, batch by batch; one block comes in the middle of each. */
async function callTimes(
  define: (lines: DStream<string>, called: () => void, t: TestContext) => void,
  options: Partial<StreamingContextOptions> = {},
): Promise<number[][]> {
  const t = new TestContext({ batchInterval: Seconds(1), ...options })
  const hand = new Hand()
  const calls: number[][] = []
  define(t.ssc.receiverStream(hand), () => calls.at(-1)!.push(nowMs), t)
  let nowMs = 0
  await t.ssc.start()
  for (let second = 0; second < 4; second++) {
    calls.push([])
    await t.advance(Milliseconds(500))
    nowMs = 500
    await hand.give({ records: ['a 1'], as: 'lines' })
    for (let i = 0; i < 3; i++) await turn()
    nowMs = 1000
    await t.advance(Milliseconds(500))
  }
  await t.stop()
  return calls
}

const early = [[1000], [500], [500], [500]]
const atTheTick = [[1000], [1000], [1000], [1000]]
type Define = Parameters<typeof callTimes>[0]
const counting: Define = (lines, called) =>
  lines
    .map((text) => (called(), text))
    .countByValue()
    .print()
const jobs: [string, Define, number[][], Partial<StreamingContextOptions>?][] = [
  ['a chain to a reduction by key', counting, early],
  ['a chain to a reduction by key, with eager: false', counting, atTheTick, { eager: false }],
  ['a chain to a reduction by key, with backpressure', counting, atTheTick, { backpressure: true }],
  ['a state', (lines, called) => lines.mapToPair((text): [string, number] => (called(), [text, 1])).runningReduceByKey(sum).print(), early],
  ['a tap', (lines, called) => lines.tap(called).countByValue().print(), atTheTick],
  ['a step below a tap', (lines, called) => lines.tap(() => {}).map((text) => (called(), text)).countByValue().print(), atTheTick],
  ['a step above a tap', (lines, called) => lines.map((text) => (called(), text)).tap(() => {}).countByValue().print(), atTheTick],
  ['a transform', (lines, called) => lines.transform((rdd) => rdd.map((text) => (called(), text))).countByValue().print(), atTheTick],
  ['a step below a transform', (lines, called) => lines.transform((rdd) => rdd).map((text) => (called(), text)).countByValue().print(), atTheTick],
  ['a step below mapPartitions', (lines, called) => lines.mapPartitions((all) => all).map((text) => (called(), text)).countByValue().print(), atTheTick],
  ['a step without a reduction', (lines, called) => lines.map((text) => (called(), text)).print(), atTheTick],
  ['a step of a stream with two readers', (lines, called) => {
    const mapped = lines.map((text) => (called(), text))
    mapped.countByValue().print()
    mapped.print()
  }, atTheTick],
  ['a reduction in foreachRDD', (lines, called) => {
    const step = (text: string): [string, number] => (called(), [text, 1])
    lines.foreachRDD((rdd) => rdd.mapToPair(step).reduceByKey(sum).collect())
  }, atTheTick],
  ['a reduction in transform', (lines, called) => {
    const step = (text: string): [string, number] => (called(), [text, 1])
    lines.transform((rdd) => rdd.mapToPair(step).reduceByKey(sum)).print()
  }, atTheTick],
] // prettier-ignore
test.each(jobs)('%s: when it runs', async (_, define, wanted, options) => {
  expect(await callTimes(define, options)).toEqual(wanted)
})

test('an accumulator is never added to early, even where the function catches the error', async () => {
  const values: number[] = []
  const calls = await callTimes((lines, called, t) => {
    const hits = t.ssc.sc.longAccumulator('hits')
    const add = (): void => {
      try {
        hits.add(1)
      } catch {
        return
      }
      called()
    }
    lines
      .map((text) => (add(), text))
      .countByValue()
      .foreachRDD(async (rdd) => void values.push((await rdd.collect()).length, hits.value))
  })
  expect(calls).toEqual(atTheTick)
  expect(values.slice(0, 8)).toEqual([1, 1, 1, 2, 1, 3, 1, 4])
})

test('a view of a state is never read early', async () => {
  const read: (number | undefined)[] = []
  await callTimes((lines, _, t) => {
    const totals = t.input([['a 1'], ['a 1'], ['a 1'], ['a 1']]).mapToPair((text): [string, number] => [text, 1]).runningReduceByKey(sum) // prettier-ignore
    totals.print()
    lines
      .map((text) => (read.push(totals.snapshot().get(text)), text))
      .countByValue()
      .print()
  })
  expect(read.filter((n) => n !== undefined)).toEqual([1, 2, 3])
})

test('objects that the program has emitted wait for the batch', async () => {
  const t = new TestContext({ batchInterval: Seconds(1) })
  class Objects extends Receiver<{ n: number }> {
    onStart(): void {}
    onStop(): void {}
  }
  const receiver = new Objects()
  const out = t.output(t.ssc.receiverStream(receiver).map(({ n }) => n).countByValue()) // prettier-ignore
  await t.run(2)
  const record = { n: 1 }
  await receiver.storeBlock([record])
  await turn()
  record.n = 2
  await t.run(1)
  expect(out.batches.at(-1)).toEqual([[2, 1]])
  await t.stop()
})

test.each([1, 'yes', null])('eager: %s is refused', (eager) => {
  expect(() => new TestContext({ batchInterval: Seconds(1), eager: eager as never })).toThrow(
    'eager must be true or false',
  )
})

/** The virtual times at which workers are given tasks, batch by batch; two blocks come in the middle of each. */
async function taskTimes(
  define: (lines: DStream<string>, t: TestContext) => void,
  options: Partial<StreamingContextOptions> = {},
  faults: WorkerFaults = {},
) {
  const calls: number[][] = []
  let nowMs = 0
  const make = (workers?: ReturnType<typeof loopbackWorkers>) => {
    const t = new TestContext(
      { batchInterval: Seconds(1), threads: 2, ...options },
      { definition: define, ...(workers && { workers }) },
    )
    const hand = new Hand()
    define(t.ssc.receiverStream(hand), t)
    return { t, hand }
  }
  const given = (frame: TaskFrame): TaskFrame => (calls.at(-1)!.push(nowMs), frame)
  const workers = loopbackWorkers(() => make().t.ssc, { leastBytes: 0, given, ...faults })
  const { t, hand } = make(workers)
  await t.ssc.start()
  for (let second = 0; second < 4; second++) {
    calls.push([])
    nowMs = 500
    await t.advance(Milliseconds(500))
    for (const record of ['a 1', 'b 1']) {
      await hand.give({ records: [record], as: 'lines' })
      for (let i = 0; i < 5; i++) await turn()
    }
    nowMs = 1000
    await t.advance(Milliseconds(500))
  }
  await t.stop()
  const { onWorkers, repeated } = tasksOf(t.ssc)
  return { times: calls.map((all) => [...new Set(all)]), tasks: { onWorkers, repeated }, errors: t.errors }
}

const one = (text: string): [string, number] => [text, 1]
const counts = (lines: DStream<string>): void => void lines.mapToPair(one).reduceByKey(sum).print()
const jobsOnWorkers: [string, Parameters<typeof taskTimes>[0], number[][], Partial<StreamingContextOptions>?][] = [
  ['a chain to a reduction by key', counts, early],
  ['the same with eager: true', counts, early, { eager: true }],
  ['the same with eager: false', counts, atTheTick, { eager: false }],
  ['the same with backpressure', counts, atTheTick, { backpressure: true }],
  ['a state', (lines) => lines.mapToPair(one).runningReduceByKey(sum).print(), early],
  ['a stream with two readers', (lines) => {
    const mapped = lines.mapToPair(one)
    mapped.reduceByKey(sum).print()
    mapped.groupByKey().print()
  }, early],
  ['a source with two readers', (lines) => {
    lines.countByValue().print()
    lines.mapToPair(one).groupByKey().print()
  }, early],
  ['a reduction that only the first batch asks for', (lines) => {
    let batch = 0
    lines.mapToPair(one).reduceByKey(sum).foreachRDD(async (rdd) => void (batch++ === 0 && (await rdd.collect())))
  }, [[1000], [500], [500], []]],
] // prettier-ignore
test.each(jobsOnWorkers)('%s: when workers begin', async (_, define, wanted, options) => {
  expect((await taskTimes(define, options)).times).toEqual(wanted)
})

test('a worker adds to an accumulator with the batch of its block', async () => {
  const values: number[] = []
  const { times, tasks } = await taskTimes((lines, t) => {
    const hits = t.ssc.sc.longAccumulator('hits')
    lines
      .map((text) => (hits.add(1), text))
      .countByValue()
      .foreachRDD(async (rdd) => void values.push(hits.value, (await rdd.collect()).length, hits.value))
  })
  expect(times).toEqual(early)
  expect(tasks.onWorkers).toBeGreaterThan(4)
  expect(values.slice(0, 12)).toEqual([0, 2, 2, 2, 2, 4, 4, 2, 6, 6, 2, 8])
})

test('what a worker has not done by its batch is done there, as is what it fails to do', async () => {
  for (const fault of ['ends', 'fails'] as const) {
    const outs: unknown[][] = []
    const { errors, tasks } = await taskTimes(
      (lines) =>
        lines
          .mapToPair(one)
          .reduceByKey(sum)
          .foreachRDD(async (rdd) => void outs.push(await rdd.collect())),
      {},
      {
        endsBefore: () => fault === 'ends' && outs.length === 2,
        replied: (frame) =>
          fault === 'fails' && outs.length === 2 && frame.type === 'done'
            ? { type: 'failed', id: frame.id, forGood: false, reason: 'a test' }
            : frame,
      },
    )
    expect(outs.filter((out) => out.length > 0)).toEqual(Array(4).fill([['a 1', 1], ['b 1', 1]])) // prettier-ignore
    expect(errors).toEqual([])
    expect(tasks.repeated).toBe(2)
  }
})
