import * as fc from 'fast-check'
import {
  crashPoints,
  deadLetter,
  Receiver,
  Seconds,
  StateSpec,
  StreamingContext,
  Time,
  type Codec,
  type DeadLetter,
  type DStream,
  type MapAsyncOptions,
  type Sink,
} from 'dstream'
import { TestContext } from 'dstream/testing'
import { describe, expect, test } from 'vitest'

/** A store that adds each batch that it is given, so that a batch that comes twice shows. */
class Store<T> {
  readonly batches: { readonly time: number; readonly records: T[] }[] = []
  isAway = false

  /** A sink on it, as another process would open it. */
  sink(): Sink<T> {
    return {
      write: async ({ time, rdd }) => {
        if (this.isAway) throw new Error('away')
        const records = await rdd.collect()
        this.batches.push({ time: time.milliseconds, records })
      },
      lastCommitted: () => {
        const { time } = this.batches.at(-1) ?? {}
        return time === undefined ? undefined : new Time(time)
      },
    }
  }

  get records(): T[] {
    return this.batches.flatMap(({ records }) => records)
  }
}

function failing<T>(isBad: (record: T) => boolean): (record: T) => T {
  return (record) => {
    if (isBad(record)) throw new Error(`no ${String(record)}`)
    return record
  }
}
const negative = failing<number>((n) => n < 0)

const options = { batchInterval: Seconds(1), retry: { attempts: Infinity } }

function job(letters: Store<DeadLetter>, more: object = {}): TestContext {
  return new TestContext({ ...options, onRecordError: deadLetter(letters.sink()), ...more })
}

test('a record on which a function throws is written with its error, with its batch, and counted', async () => {
  const letters = new Store<DeadLetter>()
  const t = job(letters)
  const out = t.output(t.input([[1, -1, 2], [], [-2, -3]]).map(negative))
  await t.run()
  await t.stop()
  expect(out.batches).toEqual([[1, 2], [], [], []])
  expect(letters.batches.map(({ time, records }) => [time, records.map(({ record }) => record)])).toEqual([
    [1000, [-1]],
    [2000, []],
    [3000, [-2, -3]],
    [4000, []],
  ])
  const [{ error, ...rest }] = letters.records as [DeadLetter]
  expect(rest).toEqual({ key: '1000/map#1/0', time: 1000, operator: 'map#1', place: 0, record: -1 })
  expect(error).toEqual({ name: 'Error', message: 'no -1', stack: expect.stringContaining('dead-letters.test') })
  expect(letters.records.map(({ key }) => key)).toEqual(['1000/map#1/0', '3000/map#1/0', '3000/map#1/1'])
  expect(t.ssc.totals.skippedRecords).toEqual({ 'map#1': 3 })
})

describe('each record has one letter:', () => {
  const graphs: [string, (t: TestContext) => unknown, (number | [string, unknown])[]][] = [
    ['two outputs read it', (t) => [1, 2].map(() => t.output(t.input([[-1, 1]]).map(negative))), [-1, -1]],
    [
      'one stream has two outputs',
      (t) => {
        const stream = t.input([[-1, 1]]).map(negative)
        return [t.output(stream), t.output(stream.count())]
      },
      [-1],
    ],
    ['equal records', (t) => t.output(t.input([[-1, -1, 1, -1]], { numPartitions: 2 }).map(negative)), [-1, -1, -1]],
    [
      'a union of equal records',
      (t) => {
        const make = (): DStream<number> => t.input([[-1, 1]])
        return t.output(make().map(Number).union(make().map(Number)).map(negative))
      },
      [-1, -1],
    ],
    [
      'an action takes a part first',
      (t) =>
        t
          .input([[1, -1, 2, -1]], { numPartitions: 2 })
          .map(negative)
          .foreachRDD(async (rdd) => {
            await rdd.take(1)
            await rdd.collect()
          }),
      [-1, -1],
    ],
    [
      'an output fails once',
      (t) => {
        let attempts = 0
        t.input([[-1, 1]])
          .map(negative)
          .foreachRDD(async (rdd) => {
            await rdd.collect()
            if (attempts++ === 0) throw new Error('once')
          })
      },
      [-1],
    ],
    [
      'a reducer',
      (t) =>
        t.output(
          t.inputPairs<string, number>([[['a', 1], ['a', 2], ['b', 3]]]).reduceByKey(() => { throw new Error('no sum') }), // prettier-ignore
        ),
      [['a', 2]],
    ],
    [
      'updateStateByKey',
      (t) =>
        t.output(
          t.inputPairs<string, number>([[['a', 1], ['b', 2]]]).updateStateByKey((values: number[]) => negative(-values[0]!)), // prettier-ignore
        ),
      [['a', [1]], ['b', [2]]], // prettier-ignore
    ],
    [
      'mapWithState',
      (t) =>
        t.output(
          t.inputPairs<string, number>([[['a', 1], ['a', 1]]]).mapWithState(StateSpec.function((_: string, n: number | undefined) => negative(-n!))), // prettier-ignore
        ),
      [['a', 1], ['a', 1]], // prettier-ignore
    ],
  ]
  test.each(graphs)('%s', async (_, define, expected) => {
    const letters = new Store<DeadLetter>()
    const t = job(letters)
    define(t)
    await t.run(1)
    await t.stop()
    expect(letters.records.map(({ record }) => record)).toEqual(expected)
    expect(new Set(letters.records.map(({ key }) => key)).size).toBe(expected.length)
  })
})

describe('exactly once over a crash', () => {
  const rows = [[1, -1, 2], [-2, -2, 3], [], [4, -3]]
  const bad = [-1, -2, -2, -3]
  /** A window that reads every batch, and gives a result in every second one: a commit evaluates the others. */
  const windowed = (t: TestContext): unknown => t.output(t.input(rows).map(negative).window(Seconds(2), Seconds(2)))
  const stateful = (t: TestContext): unknown =>
    t.output(
      t
        .input(rows)
        .mapToPair((n): [string, number] => [String(n), n])
        .updateStateByKey((values: number[], old: number | undefined) => (values.length === 0 ? old : negative(values[0]!))), // prettier-ignore
    )
  const asynchronous = (t: TestContext): unknown =>
    t.output(t.input(rows).mapAsync((n) => Promise.resolve(n).then(negative)))
  const graphs: Record<string, (t: TestContext) => unknown> = {
    map: (t) => t.output(t.input(rows).map(negative)),
    windowed,
    stateful,
    asynchronous,
  }
  const cases = Object.entries(graphs).flatMap(([name, define]) => crashPoints.map((at) => ({ name, at, define })))

  test.each(cases)('$name, at $at', async ({ define, at }) => {
    const letters = new Store<DeadLetter>()
    // The sink is opened anew by each run of the program.
    const again = (): object => ({ onRecordError: deadLetter(letters.sink()) })
    const t = new TestContext({ ...options, ...again() })
    define(t)
    await t.run(1)
    Object.assign(letters, { isAway: false })
    let next: TestContext
    try {
      next = await t.crashAndRecover(define, { at })
    } catch {
      // The batch does not come to the point.
      await t.ssc.stop()
      return
    }
    await next.run(4)
    await next.stop()
    const records = letters.records
      .map(({ record }) => (Array.isArray(record) ? (record[1] as number[]) : record))
      .flat()
    expect(records.sort()).toEqual([...bad].sort())
    // Equal records of one key are one call of the state's function.
    if (define !== stateful) expect(new Set(letters.records.map(({ key }) => key)).size).toBe(bad.length)
  })

  test('law: every record is in the output or has a letter, once, wherever the job crashes', async () => {
    const batches = fc.array(fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 5 }), {
      minLength: 3,
      maxLength: 5,
    })
    const points = fc.array(fc.constantFrom(...crashPoints), { maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(batches, points, async (input, crashes) => {
        const [letters, good] = [new Store<DeadLetter>(), new Store<number>()]
        const define = (t: TestContext): unknown => t.input(input, { numPartitions: 2 }).map(negative).to(good.sink())
        let t = new TestContext({ ...options, onRecordError: deadLetter(letters.sink()) })
        define(t)
        for (const at of crashes) {
          const next: TestContext | undefined = await t.crashAndRecover(define, { at }).catch(() => undefined)
          if (next === undefined) break
          t = next
        }
        await t.run(input.length)
        await t.stop()
        const all = [...good.records, ...letters.records.map(({ record }) => record as number)]
        expect(all.sort((a, b) => a - b)).toEqual(input.flat().sort((a, b) => a - b))
      }),
      { numRuns: 40 },
    )
  })

  test('a sink that is away: the letters wait with the checkpoint, and come once and in order', async () => {
    const letters = new Store<DeadLetter>()
    letters.isAway = true
    const define = (t: TestContext): unknown => t.output(t.input([[-1], [-2], [-3]]).map(negative))
    const t = job(letters)
    define(t)
    await t.run(2)
    expect(letters.records).toEqual([])
    const next = await t.crashAndRecover(define)
    letters.isAway = false
    await next.run(2)
    await next.stop()
    expect(letters.records.map(({ record }) => record)).toEqual([-1, -2, -3])
  })
})

describe('mapAsync', () => {
  async function run(
    given: MapAsyncOptions | ((letters: Store<DeadLetter>) => MapAsyncOptions),
    f: (n: number, call: number) => Promise<number>,
    context: object = {},
  ) {
    const letters = new Store<DeadLetter>()
    const t = new TestContext({ ...options, retry: { attempts: 1 }, ...context })
    const calls: number[] = []
    const mapped = t.input([[1, 2, 3]]).mapAsync(
      (n) => {
        calls.push(n)
        return f(n, calls.filter((call) => call === n).length)
      },
      { concurrency: 1, ...(typeof given === 'function' ? given(letters) : given) },
    )
    const out = t.output(mapped)
    const error: unknown = await t.run(1).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    await t.ssc.stop()
    return { out: out.batches, calls, error, letters: letters.records, skipped: t.ssc.totals.skippedRecords }
  }
  const until = (succeeds: number) => (n: number, call: number) =>
    n === 2 && call < succeeds ? Promise.reject(new Error(`call ${call}`)) : Promise.resolve(n * 10)

  test('a call that fails is made again, for its record alone', async () => {
    const { out, calls } = await run({ retry: { attempts: 3, backoff: Seconds(1) } }, until(3))
    expect([out, calls]).toEqual([[[10, 20, 30]], [1, 2, 2, 2, 3]])
  })

  test('after the last attempt the batch fails with the last error', async () => {
    const { error, calls } = await run({ retry: { attempts: 2 } }, until(9))
    expect(error).toEqual(new Error('call 2'))
    // The commit keeps the input of the output, and calls once more for it.
    expect(calls.slice(0, 3)).toEqual([1, 2, 2])
  })

  test('when decides which errors are worth another attempt', async () => {
    const seen: unknown[] = []
    const when = (error: unknown, attempts: number): boolean => (seen.push([(error as Error).message, attempts]), attempts < 2) // prettier-ignore
    const { error } = await run({ retry: { attempts: 9, when } }, until(9))
    expect([seen.slice(0, 2), error]).toEqual([[['call 1', 1], ['call 2', 2]], new Error('call 2')]) // prettier-ignore
  })

  test.each<[string, MapAsyncOptions | ((letters: Store<DeadLetter>) => MapAsyncOptions), number[][], unknown[]]>([
    ['skip', { onError: 'skip' }, [[10, 30]], []],
    ['dead letters', (letters) => ({ onError: deadLetter(letters.sink()) }), [[10, 30]], [2]],
  ])('onError: %s', async (_, given, out, records) => {
    const result = await run(given, until(9))
    expect([result.out, result.error]).toEqual([out, undefined])
    expect(result.letters.map(({ record }) => record)).toEqual(records)
    expect(result.skipped).toEqual({ 'mapAsync#1': 1 })
  })

  test('onError fail holds where the context leaves records out', async () => {
    const { error } = await run({ onError: 'fail' }, until(9), { onRecordError: 'skip' })
    expect(error).toEqual(new Error('call 1'))
  })

  test('a call that takes too long is made again', async () => {
    const never = (n: number, call: number): Promise<number> =>
      n === 2 && call === 1 ? Promise.reject(Object.assign(new Error('late'), { code: 'async-timed-out' })) : Promise.resolve(n) // prettier-ignore
    expect((await run({ retry: { attempts: 2 }, timeout: Seconds(1) }, never)).out).toEqual([[1, 2, 3]])
  })
})

test('a record that cannot be stored is there as its text', async () => {
  const letters = new Store<DeadLetter>()
  const t = job(letters)
  t.output(
    t
      .input([[1]])
      .map((n) => ({ n, call: () => n }))
      .map((record) => {
        throw Object.assign(new TypeError(`no ${record.n}`), { code: 'E_NO' })
      }),
  )
  await t.run(1)
  await t.stop()
  expect(letters.records).toMatchObject([
    { record: expect.stringMatching(/n/) as string, error: { name: 'TypeError', message: 'no 1', code: 'E_NO' } },
  ])
})

test('received bytes that do not decode', async () => {
  const codec: Codec<number> = {
    id: 'numbers',
    *decode(bytes, bad) {
      for (const byte of bytes) {
        if (byte < 10) yield byte
        else bad(Uint8Array.of(byte), new Error(`no digit: ${byte}`))
      }
    },
  }
  class Digits extends Receiver<number> {
    override readonly codecs = [codec]
    onStart(): Promise<void> {
      return this.storeBytes(Uint8Array.of(1, 77, 2, 78), codec)
    }
    onStop(): void {}
  }
  const letters = new Store<DeadLetter>()
  const t = job(letters)
  const out = t.output(t.ssc.receiverStream(new Digits()))
  await t.run(1)
  await t.stop()
  expect(out.batches[0]).toEqual([1, 2])
  expect(letters.records).toMatchObject([
    { record: 'M', error: { message: 'no digit: 77' } },
    { record: 'N', error: { message: 'no digit: 78' } },
  ])
})

describe('refused in words', () => {
  test('what is no sink', () => {
    expect(() => deadLetter({} as never)).toThrow(expect.objectContaining({ code: 'bad-option' }))
    expect(() => deadLetter(new Store<DeadLetter>().sink(), { retrry: 1 } as never)).toThrow(
      expect.objectContaining({ code: 'unknown-option' }),
    )
  })

  test('a policy that is none', () => {
    for (const onRecordError of ['dead', {}, new Store<DeadLetter>().sink()]) {
      expect(() => new StreamingContext({ batchInterval: Seconds(1), onRecordError } as never)).toThrow(
        /deadLetter\(sink\)/,
      )
    }
  })

  test('dead letters alone are no output', async () => {
    const t = job(new Store())
    t.input([[1]]).map(negative)
    await expect(t.run(1)).rejects.toMatchObject({ code: 'no-outputs' })
  })

  test('dead letters that are first named while the job runs', async () => {
    const t = new TestContext({ ...options, retry: { attempts: 1 } })
    const onError = deadLetter(new Store<DeadLetter>().sink())
    t.output(t.input([[1]]).transform((rdd) => rdd.mapAsync(() => Promise.reject(new Error('no')), { onError })))
    await expect(t.run(1)).rejects.toMatchObject({ code: 'dead-letters-not-attached' })
  })
})
