import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { StateSpec, StreamingContext, type DStream, type State } from '../src/index.js'
import { runBatches, TestContext } from '../src/testing/index.js'
import { Seconds } from '../src/base/time/duration.js'

function code(wanted: string) {
  return expect.objectContaining({ code: wanted })
}

describe('the page', () => {
  const page = new URL('../../../docs/spark-compatibility.md', import.meta.url)
  const [features, surprises] = readFileSync(page, 'utf8').split("## Spark's surprises") as [string, string]
  const rows = (part: string) =>
    [...part.matchAll(/^\| (\d+) \|[^|]*\|([^|]*)\|([^|]*)\|$/gm)].map(([, number, here, shownBy]) => ({
      number: Number(number),
      here: here!.trim(),
      shownBy: [...shownBy!.matchAll(/\]\((.*?)\)(?:: “(.*?)”)?/g)].map(([, path, title]) => ({ path: path!, title })),
    }))
  const to = (n: number) => Array.from({ length: n }, (_, i) => i + 1)

  test('has every row once', () => {
    expect(rows(features).map(({ number }) => number)).toEqual(to(124))
    expect(rows(surprises).map(({ number }) => number)).toEqual(to(22))
  })

  test('names a test that exists for all that is not left for later', () => {
    for (const { number, here, shownBy } of [...rows(features), ...rows(surprises)]) {
      const missing = shownBy.filter(({ path, title }) => {
        const file = new URL(path, page)
        return !existsSync(file) || (title !== undefined && !readFileSync(file, 'utf8').includes(title))
      })
      expect([number, missing, shownBy.length > 0]).toEqual([number, [], !here.startsWith('not yet')])
    }
  })

  test('leaves nothing for later, of what DStreams have', () => {
    const later = rows(features).filter(({ number, here }) => number <= 108 && here.startsWith('not yet'))
    expect(later).toEqual([])
  })
})

describe('what a started context refuses', () => {
  const started = async () => {
    const t = new TestContext({ batchInterval: Seconds(1) })
    const stream = t.input([[1]])
    t.output(stream)
    await t.run()
    return { t, stream }
  }

  test.each<[string, (s: DStream<number>, ssc: StreamingContext) => unknown, string, RegExp]>([
    [
      'persist',
      (s) => s.persist(),
      'changing-too-late',
      /storage level of a DStream after streaming context has started/,
    ],
    ['cache', (s) => s.cache(), 'changing-too-late', /storage level of a DStream after streaming context has started/],
    [
      'an interval of checkpoints',
      (s) => s.checkpoint(Seconds(10)),
      'changing-too-late',
      /checkpoint interval of a DStream after streaming context has started/,
    ],
    [
      'a directory',
      (_, ssc) => ssc.checkpoint('elsewhere'),
      'adding-too-late',
      /after starting a context is not supported/,
    ],
    ['a source', (_, ssc) => ssc.queueStream([]), 'adding-too-late', /after starting a context is not supported/],
    ['an output', (s) => s.print(), 'adding-too-late', /after starting a context is not supported/],
  ])('%s', async (_, late, wanted, words) => {
    const { t, stream } = await started()
    expect(() => late(stream, t.ssc)).toThrow(code(wanted))
    expect(() => late(stream, t.ssc)).toThrow(words)
    await t.stop()
  })
})

test.each<[number, RegExp]>([
  [3, /set to 3000 ms which not a multiple of its slide time \(2000 ms\)/],
  [1, /set to 1000 ms which is lower than its slide time \(2000 ms\)/],
])('an interval of checkpoints of %i s, with batches of 2 s, is refused at start', async (seconds, words) => {
  const t = new TestContext({ batchInterval: Seconds(2) })
  const sizes = t.inputPairs([[['a', 1]]]).updateStateByKey<number>((values) => values.length)
  t.output(sizes.checkpoint(Seconds(seconds)))
  await expect(t.run()).rejects.toThrow(words)
  expect(t.ssc.getState()).toBe('STOPPED')
})

test.each([0, -1, NaN])('a maxRate of %d is refused', (maxRate) => {
  expect(() => new StreamingContext({ batchInterval: Seconds(1), maxRate })).toThrow(code('bad-option'))
})

test('a batch without an RDD is told from an empty one, operator by operator', async () => {
  const rows = [null, [1], []]
  expect(await runBatches<number, number>(rows, (s) => s.count())).toEqual([[1], [0]])
  expect(await runBatches<number, number>(rows, (s) => s.reduce(Math.max))).toEqual([[1], []])
  expect(await runBatches<number, number>(rows, (s) => s.window(Seconds(2)))).toEqual([[], [1], [1]])
  await expect(runBatches<number, number>([null], (s) => s.union(s.map((x) => x)))).rejects.toThrow(
    code('no-parent-rdd'),
  )
  await expect(runBatches<number, number>([null], (s) => s.transform((rdd) => rdd))).rejects.toThrow(
    code('no-parent-rdd'),
  )
})

describe('the State of mapWithState', () => {
  const states = (f: (state: State<number>) => unknown) =>
    runBatches([[['a', 1] as const]], (s) =>
      s.mapWithState(StateSpec.function((_: string, __: number | undefined, state: State<number>) => f(state))),
    )

  test('what it tells after each change', async () => {
    const seen = await states((state) => {
      const before = [state.exists(), state.getOption()]
      state.update(1)
      const set = [state.exists(), state.get()]
      state.remove()
      return [before, set, [state.exists(), state.getOption()]]
    })
    expect(seen).toEqual([
      [
        [
          [false, undefined],
          [true, 1],
          [false, undefined],
        ],
      ],
    ])
  })

  test.each<[string, (state: State<number>) => unknown, string]>([
    ['get without a state', (state) => state.get(), 'state-not-set'],
    ['update after remove', (state) => (state.update(1), state.remove(), state.update(2)), 'state-removed'],
    ['remove after remove', (state) => (state.update(1), state.remove(), state.remove()), 'state-removed'],
  ])('%s is refused', async (_, f, wanted) => {
    await expect(states(f)).rejects.toThrow(code(wanted))
  })

  test.each<[string, (state: State<number>) => unknown]>([
    ['update', (state) => state.update(1)],
    ['remove', (state) => state.remove()],
  ])('%s in the last call of a key that times out is refused', async (_, f) => {
    const t = new TestContext({ batchInterval: Seconds(1) })
    t.output(
      t
        .inputPairs([[['a', 1]]])
        .mapWithState<number, unknown>((__, value, state) => (value === undefined ? f(state) : state.update(value)), {
          timeout: Seconds(1),
        }),
    )
    await expect(t.run(4)).rejects.toThrow(code('state-timing-out'))
  })
})
