import { describe, expect, test } from 'vitest'
import {
  Milliseconds,
  Seconds,
  Time,
  type DStream,
  type State,
  type StateView,
  type StreamingContextOptions,
} from 'dstream'
import { memoryStorage, type MemoryStorage } from 'dstream/storage'
import { TestContext } from 'dstream/testing'

const rows = [['a', 'b', 'a'], ['b', 'cc'], ['a']]

/** What the source of a job says: streams from words, and the states that it keeps, by the name of their variables. */
type Source = (words: DStream<string>) => Readonly<Record<string, Kept>>
interface Kept {
  foreachRDD(f: () => void): void
  snapshot?(): StateView<string, number>
}

function ones(words: DStream<string>): DStream<[string, number]> {
  return words.mapToPair((word) => [word, 1])
}
function lengths(words: DStream<string>): DStream<[string, number]> {
  return words.filter((word) => word.length > 1).mapToPair((word) => [word, word.length])
}
function add(values: number[], old = 0): number {
  return values.reduce((a, b) => a + b, old)
}
function counting(pairs: DStream<[string, number]>) {
  return pairs.updateStateByKey(add)
}
const totals = { a: 3, b: 2, cc: 1 }

type Options = Partial<StreamingContextOptions>

/** The life of the job before the change, which has the data, and the one after it. */
const firstLife = { startTime: new Time(0), rows }
const secondLife = { startTime: new Time(3000), rows: [] }

async function start(source: Source, storage: MemoryStorage, { startTime, rows }: typeof firstLife, options?: Options) {
  const t = new TestContext({ batchInterval: Seconds(1), ...options, storage, startTime })
  const states = source(t.input(rows))
  for (const kept of Object.values(states)) kept.foreachRDD(() => undefined)
  await t.ssc.start()
  return { t, states }
}

/** Runs the job over its rows and stops it: what it leaves behind. */
async function run(source: Source): Promise<MemoryStorage> {
  const storage = memoryStorage()
  const { t } = await start(source, storage, firstLife)
  await t.run(3)
  await t.ssc.stop()
  return storage
}

/** What the states hold before the first batch of the changed job. */
function contents(states: Readonly<Record<string, Kept>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(states).flatMap(([name, kept]) =>
      kept.snapshot === undefined ? [] : [[name, Object.fromEntries(kept.snapshot())]],
    ),
  )
}

const plain: Source = (words) => ({ counts: counting(ones(words)) })
const named: Source = (words) => ({ counts: counting(ones(words)).uid('counts') })
/** The way out that refusals name: the derived id, given by hand. */
function pinned(make: (words: DStream<string>) => DStream<[string, number]>): Source {
  return (words) => ({ counts: counting(make(words)).uid('updateStateByKey#1') })
}
function cleaned(words: DStream<string>): DStream<[string, number]> {
  return ones(words.filter((word) => word !== ''))
}

const kept: [name: string, before: Source, after: Source, states: Record<string, unknown>, options?: Options][] = [
  ['nothing', plain, plain, { counts: totals }],
  [
    'a variable renamed, a function rewritten',
    plain,
    (words) => ({
      numbers: words.mapToPair((w) => [w, 2 - 1]).updateStateByKey<number>((v, n) => v.reduce((a, b) => b + a, n ?? 0)),
    }),
    { numbers: totals },
  ],
  [
    'an operator inserted before it, with a uid',
    named,
    (words) => ({ counts: counting(cleaned(words)).uid('counts') }),
    { counts: totals },
  ],
  ['an operator inserted before it, and its old id given as uid', plain, pinned(cleaned), { counts: totals }],
  [
    'a second one inserted above, with a uid',
    named,
    (words) => ({ other: counting(lengths(words)), counts: counting(ones(words)).uid('counts') }),
    { other: {}, counts: totals },
  ],
  [
    'a second one inserted above, and the old id given as uid',
    plain,
    (words) => ({ other: counting(lengths(words)).uid('other'), ...pinned(ones)(words) }),
    { other: {}, counts: totals },
  ],
  [
    'a second one of other making added below',
    plain,
    (words) => ({ ...plain(words), other: counting(lengths(words)) }),
    { counts: totals, other: {} },
  ],
  [
    'two with uids, in the other order',
    (words) => ({ counts: counting(ones(words)).uid('counts'), sizes: counting(lengths(words)).uid('sizes') }),
    (words) => ({ sizes: counting(lengths(words)).uid('sizes'), counts: counting(ones(words)).uid('counts') }),
    { sizes: { cc: 2 }, counts: totals },
  ],
  [
    'an output added, above and below',
    plain,
    (words) => {
      words.count().print()
      const states = plain(words)
      words.print()
      return states
    },
    { counts: totals },
  ],
  [
    'an output removed',
    (words) => {
      words.count().print()
      return plain(words)
    },
    plain,
    { counts: totals },
  ],
  [
    'an operator below it inserted',
    plain,
    (words) => {
      const counts = counting(ones(words))
      counts.filter(([, n]) => n > 1).print()
      return { counts }
    },
    { counts: totals },
  ],
  [
    'its partitions',
    plain,
    (words) => ({ counts: ones(words).updateStateByKey(add, { numPartitions: 3 }) }),
    { counts: totals },
  ],
  ['the batch interval', plain, plain, { counts: totals }, { batchInterval: Milliseconds(500) }],
  [
    'an operator removed, and its state allowed to go',
    (words) => ({ counts: counting(ones(words)), sizes: lengths(words).runningReduceByKey((a, b) => a + b) }),
    plain,
    { counts: totals },
    { allowDroppedState: ['runningReduceByKey#1'] },
  ],
  [
    'its ancestry, and its state allowed to go',
    plain,
    (words) => ({ counts: counting(cleaned(words)) }),
    { counts: {} },
    { allowDroppedState: ['updateStateByKey#1'] },
  ],
  [
    'the form of its state, with migrate',
    plain,
    (words) => ({
      counts: ones(words).updateStateByKey(add, { version: 2, migrate: (old) => (old as number) * 100 }),
    }),
    { counts: { a: 300, b: 200, cc: 100 } },
  ],
]

describe('a job is stopped, changed and started again: state is kept', () => {
  test.each(kept)('changed: %s', async (_, before, after, expected, options) => {
    const { t, states } = await start(after, await run(before), secondLife, options)
    expect(contents(states)).toEqual(expected)
    await t.run(1)
    // A batch without data changes no total: what goes on is what was there.
    expect(contents(states)).toEqual(expected)
    await t.ssc.stop()
  })
})

const mapped: Source = (words) => ({
  counts: ones(words)
    .mapWithState((word: string, one: number | undefined, state: State<number>) => {
      state.update((state.getOption() ?? 0) + (one ?? 0))
      return word
    })
    .uid('counts'),
})
function windowed(seconds: number, slide = 1): Source {
  return (words) => ({
    sums: ones(words).reduceByKeyAndWindow(
      (a, b) => a + b,
      (a, b) => a - b,
      Seconds(seconds),
      Seconds(slide),
    ),
  })
}

const refused: [name: string, before: Source, after: Source, says: RegExp[]][] = [
  [
    'an operator inserted before it',
    plain,
    (words) => ({ counts: counting(cleaned(words)) }),
    [/updateStateByKey#1 has no uid, and what it is made from has changed/, /\.uid\("updateStateByKey#1"\)/],
  ],
  [
    'a second one inserted above',
    plain,
    (words) => ({ other: counting(lengths(words)), counts: counting(ones(words)) }),
    [/updateStateByKey#1 has no uid/, /kept: nothing; new: .*; would be dropped: updateStateByKey#1/],
  ],
  [
    'a second one of the same making inserted above',
    plain,
    (words) => ({ other: counting(ones(words)), counts: counting(ones(words)) }),
    [/2 unnamed operators like it where it had 1/, /new: updateStateByKey#1, updateStateByKey#2/],
  ],
  [
    'the operator removed',
    (words) => ({ counts: counting(ones(words)), sizes: counting(lengths(words)).uid('sizes') }),
    plain,
    [/sizes \(updateStateByKey\) is not in the program any more/, /allowDroppedState: \["sizes"\]/],
  ],
  ['a uid given', plain, named, [/if it belongs to counts, give that one \.uid\("updateStateByKey#1"\)/]],
  [
    'a uid renamed',
    named,
    (words) => ({ counts: counting(ones(words)).uid('numbers') }),
    [/counts \(updateStateByKey\) is not in the program/, /if it belongs to numbers, give that one \.uid\("counts"\)/],
  ],
  [
    'the kind',
    named,
    mapped,
    [/counts was updateStateByKey and is mapWithState now/, /give the new one another \.uid/],
  ],
  ['the length of a window', windowed(3), windowed(2), [/what it is made from has changed/, /allowDroppedState/]],
  ['the slide of a window', windowed(4), windowed(4, 2), [/what it is made from has changed/, /allowDroppedState/]],
  [
    'the form of its state, without migrate',
    plain,
    (words) => ({ counts: ones(words).updateStateByKey(add, { version: 2 }) }),
    [/state of version 1, and the program has version 2 without migrate/, /give a migrate function/],
  ],
]

describe('a job is stopped, changed and started again: it is refused, and nothing changes', () => {
  test.each(refused)('changed: %s', async (_, before, after, says) => {
    const storage = await run(before)
    const files = storage.files()
    const error = (await start(after, storage, secondLife).catch((thrown: unknown) => thrown)) as {
      code: string
      message: string
    }
    expect(error.code).toBe('checkpoint-mismatch')
    for (const text of [...says, /kept: .*; new: .*; would be dropped: /, /Nothing has been changed/]) {
      expect(error.message).toMatch(text)
    }
    expect(storage.files()).toEqual(files)
    const { t } = await start(before, storage, secondLife)
    await t.run(1)
    expect(t.errors).toEqual([])
    await t.ssc.stop()
  })
})
