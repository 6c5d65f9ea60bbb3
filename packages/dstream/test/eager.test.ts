import { expect, test } from 'vitest'
import { Milliseconds, Receiver, Seconds, type DStream, type StreamingContextOptions } from 'dstream'
import { TestContext } from 'dstream/testing'
import { turn } from '../src/testing/turn.js'
import { earlyWorkIsUnseen, Hand, sum, sumsAreThoseOfALoop, threadsAreUnseen } from './early-jobs.js'

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

test('eager beside threads is refused: the order of additions would depend on what was idle', () => {
  expect(() => new TestContext({ batchInterval: Seconds(1), eager: true, threads: 1 })).toThrow(
    'eager must be false or absent where threads are given',
  )
})
