import { Seconds, StateSpec, type DStream, type State } from 'dstream'
import { runBatches, testRecovery, TestContext } from 'dstream/testing'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { batchesOf, pairs } from '../../../test/laws.js'
import fc from 'fast-check'

type Pair = [string, number]

/** Adds up, and says what it has come to; the last word of a key that times out is negative. */
function running(key: string, value: number | undefined, state: State<number>): Pair {
  if (state.isTimingOut()) return [key, -state.get()]
  state.update((state.getOption() ?? 0) + (value ?? 0))
  return [key, state.get()]
}
function spec(): StateSpec<string, number, number, Pair> {
  return StateSpec.function(running)
}

describe('records', () => {
  test('one call a record, in order, each seeing what the one before has left', async () => {
    const rows: Pair[][] = [
      [
        ['a', 1],
        ['a', 2],
        ['b', 5],
      ],
      [],
      [['a', 1]],
    ]
    expect(await runBatches(rows, (s) => s.mapWithState(spec()))).toEqual([
      [
        ['a', 1],
        ['a', 3],
        ['b', 5],
      ],
      [],
      [['a', 4]],
    ])
  })

  test('the emitted records are the running reductions', () =>
    fc.assert(
      fc.asyncProperty(batchesOf(pairs), async (batches) => {
        const totals = new Map<string, number>()
        const expected = batches.map((batch) =>
          batch.map(([k, v]): Pair => {
            totals.set(k, (totals.get(k) ?? 0) + v)
            return [k, totals.get(k)!]
          }),
        )
        expect(await runBatches<string, number, Pair>(batches, (s) => s.mapWithState(spec()))).toEqual(expected)
      }),
      { numRuns: 40 },
    ))

  test('undefined is not emitted, null is', async () => {
    const rows: Pair[][] = [
      [
        ['a', 1],
        ['b', 2],
      ],
    ]
    const out = await runBatches(rows, (s) => s.mapWithState((_, v, _s: State<number>) => (v === 1 ? undefined : null)))
    expect(out).toEqual([[null]])
  })
})

describe('timeouts', () => {
  const rows: Pair[][] = [
    [
      ['a', 1],
      ['b', 1],
    ],
    [['b', 1]],
    [],
    [],
    [['b', 1]],
  ]

  test('in the first batch whose time minus the timeout lies strictly after the last data', async () => {
    expect(await runBatches(rows, (s) => s.mapWithState(spec().timeout(Seconds(2))))).toEqual([
      [
        ['a', 1],
        ['b', 1],
      ],
      [['b', 2]],
      [],
      [['a', -1]],
      [['b', 3]],
    ])
  })

  test('a record of the same batch saves the key; on empty batches too', async () => {
    const late: Pair[][] = [[['a', 1]], [], [], [['a', 1]], [], [], []]
    expect(await runBatches(late, (s) => s.mapWithState(spec().timeout(Seconds(2))))).toEqual([
      [['a', 1]],
      [],
      [],
      [['a', 2]],
      [],
      [],
      [['a', -2]],
    ])
  })

  test('after the data, in order of last data', async () => {
    const rows: Pair[][] = [
      [
        ['b', 1],
        ['a', 1],
      ],
      [],
      [['c', 1]],
    ]
    const out = await runBatches(rows, (s) => s.mapWithState(spec().timeout(Seconds(1))))
    expect(out[2]).toEqual([
      ['c', 1],
      ['b', -1],
      ['a', -1],
    ])
  })

  test('the state is gone afterwards', async () => {
    const t = new TestContext({ batchInterval: Seconds(1) })
    const stream = t.inputPairs<string, number>([[['a', 1]], [], []]).mapWithState(spec().timeout(Seconds(1)))
    const snapshots = t.output(stream.stateSnapshots())
    await t.run()
    expect(snapshots.batches).toEqual([[['a', 1]], [['a', 1]], []])
    expect(stream.get('a')).toBeUndefined()
  })
})

describe('the State', () => {
  const misuse = (use: (state: State<number>) => void) =>
    runBatches([[['a', 1]]] as Pair[][], (s) => s.mapWithState((_k, _v, state: State<number>) => use(state)))

  test.each([
    ['get without a state', (s: State<number>) => void s.get(), 'State is not set'],
    [
      'update after remove',
      (s: State<number>) => (s.remove(), s.update(1)),
      'Cannot update the state after it has been removed',
    ],
    ['remove twice', (s: State<number>) => (s.remove(), s.remove()), 'that has already been removed'],
  ])('%s is refused in the words of Spark', async (_, use, words) => {
    await expect(misuse(use)).rejects.toThrow(words)
  })

  test('while timing out it can be read only', async () => {
    const rows = [[['a', 1]], [], []] as Pair[][]
    const out = runBatches(rows, (s) =>
      s.mapWithState((_k, v, state: State<number>) => (v === undefined ? state.remove() : state.update(v)), {
        timeout: Seconds(1),
      }),
    )
    await expect(out).rejects.toThrow('timing out')
  })

  test('removed: the key is not known any more', async () => {
    const rows = [[['a', 1]], [['a', 0]], [['a', 2]]] as Pair[][]
    const out = await runBatches(rows, (s) =>
      s.mapWithState((_k, v, state: State<number>) => {
        const before = state.exists()
        if (v === 0) state.remove()
        else state.update(v ?? 0)
        return before
      }),
    )
    expect(out).toEqual([[false], [true], [false]])
  })
})

test('onRecordError skip leaves a record out, with what it did to its copy of the state', async () => {
  const rows: Pair[][] = [[['a', 1]], [['a', 2], ['a', -1], ['a', 3]]] // prettier-ignore
  const out = await runBatches(
    rows,
    (s) =>
      s.mapWithState((_key, value, state: State<Set<number>>) => {
        const seen = state.getOption() ?? new Set<number>()
        seen.add(value!)
        if (value === -1) throw new Error('negative')
        state.update(seen)
        return [...seen]
      }),
    { onRecordError: 'skip' },
  )
  expect(out).toEqual([[[1]], [[1, 2], [1, 2, 3]]]) // prettier-ignore
})

test('of two touches in one batch the last counts for the order of timeouts', async () => {
  const rows: Pair[][] = [[['a', 1], ['b', 1], ['a', 1]], [], []] // prettier-ignore
  const out = await runBatches(rows, (s) => s.mapWithState(spec().timeout(Seconds(1))))
  expect(out[2]).toEqual([
    ['b', -1],
    ['a', -2],
  ])
})

test('a State kept beyond its call is told so', async () => {
  const kept: State<number>[] = []
  await runBatches([[['a', 1]]] as Pair[][], (s) =>
    s.mapWithState((_k, _v, state: State<number>) => void kept.push(state)),
  )
  expect(() => kept[0]!.get()).toThrow(expect.objectContaining({ code: 'state-outside-call' }))
})

test('initial states are as old as the first batch; the first of a key counts', async () => {
  const t = new TestContext({ batchInterval: Seconds(1) })
  const stream = t.inputPairs<string, number>([[['a', 1]], [], []]).mapWithState(running, {
    timeout: Seconds(1),
    initialState: [
      ['a', 10],
      ['a', 99],
      ['z', 7],
    ],
  })
  const out = t.output(stream)
  await t.run()
  expect(out.batches).toEqual([
    [['a', 11]],
    [],
    [
      ['z', -7],
      ['a', -11],
    ],
  ])
})

test('a batch without an RDD has no data, and timeouts all the same', async () => {
  const rows = [[['a', 1]], null, null] as (Pair[] | null)[]
  expect(await runBatches<string, number, Pair>(rows, (s) => s.mapWithState(spec().timeout(Seconds(1))))).toEqual([
    [['a', 1]],
    [],
    [['a', -1]],
  ])
})

test('a crash anywhere changes nothing, timeouts included', async () => {
  const rows = [['a', 'b'], ['b'], [], ['a'], [], []]
  const { points } = await testRecovery<string>((t, s) => {
    const stream = s.mapToPair((w): Pair => [w, 1]).mapWithState(spec().timeout(Seconds(1)))
    t.output(stream)
    t.output(stream.stateSnapshots())
  }, rows)
  expect(points).toBeGreaterThanOrEqual(8)
})

describe('an async function is refused, for what it would emit is a Promise', () => {
  const update = async (_key: string, _value: number | undefined, state: State<number>): Promise<void> => {
    await Promise.resolve()
    // Fails, since the state is another's by now: that must not become an unhandled rejection.
    state.update(1)
  }
  // As JavaScript and `any` let it through.
  const later = update as (...args: Parameters<typeof update>) => any

  test('with a record', async () => {
    const out = runBatches([[['a', 1]]] as Pair[][], (s) => s.mapWithState(later))
    await expect(out).rejects.toMatchObject({ code: 'promise-emitted' })
    await expect(out).rejects.toThrow('await with mapAsync')
  })

  test('in the last call of a key that times out', async () => {
    const last = (key: string, value: number | undefined, state: State<number>) =>
      value === undefined ? later(key, value, state) : state.update(value)
    const out = runBatches([[['a', 1]], [], []] as Pair[][], (s) => s.mapWithState(last, { timeout: Seconds(1) }))
    await expect(out).rejects.toMatchObject({ code: 'promise-emitted' })
  })

  test('skipped: the state stays what it was', async () => {
    const last = (key: string, value: number | undefined, state: State<number>) => {
      const before = state.getOption()
      state.update(value ?? 0)
      return value === 2 ? later(key, value, state) : before
    }
    const rows: Pair[][] = [[['a', 1], ['a', 2], ['a', 3]]] // prettier-ignore
    expect(await runBatches(rows, (s) => s.mapWithState(last), { onRecordError: 'skip' })).toEqual([[1]])
  })
})

test('options beside a spec are refused: it holds them itself', () => {
  const s = new TestContext({ batchInterval: Seconds(1) }).inputPairs<string, number>([[['a', 1]]])
  const plain = (...args: unknown[]) => (s.mapWithState as (...args: unknown[]) => unknown).apply(s, args)
  expect(() => plain(spec(), { timeout: Seconds(1) })).toThrow(
    'mapWithState: a StateSpec holds the options itself, and {"timeout":1000} is given beside it',
  )
  expect(() => plain(spec(), 1000)).toThrow(expect.objectContaining({ code: 'options-beside-spec' }))
  expect(() => plain(spec(), undefined)).not.toThrow()
})

test('types: key and value infer, with and without a spec', () => {
  const plain = (s: DStream<[string, number]>) =>
    s.mapWithState((key, value, state: State<boolean>) => `${key} ${value} ${state.exists()}`)
  expectTypeOf(plain).returns.toExtend<DStream<string>>()
})
