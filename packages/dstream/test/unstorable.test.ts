import { describe, expect, test } from 'vitest'
import { Seconds } from 'dstream'
import { fileStorage } from 'dstream/storage'
import { contents, contextOf, directory, job, ones, rows, type Source } from './checkpoint-job.js'
import { Counter } from './unstorable-values.js'

/** Counts; from the second batch on its state holds a value that cannot be stored. */
function keeping(value: unknown): Source {
  return (words) =>
    ones(words)
      .updateStateByKey<unknown>((values, old) => (old === undefined ? values.length : { inside: [value] }))
      .uid('counts')
      .print()
}

/** Counts, with the unstorable value in the input of a window. */
function holding(inside: (word: string) => unknown): Source {
  return (words) => {
    job(words)
    const held = words.map((word) => ({ word, inside: inside(word) })).uid('held')
    held.window(Seconds(2)).print()
  }
}

const unstorable: [name: string, source: Source, mended: Source, code: string, says: RegExp[], done: number][] = [
  [
    'an instance in a state',
    keeping(new Counter()),
    job,
    'state-not-storable',
    [/^counts: the value of key "a" at \.inside\[0\]: an instance of Counter cannot be stored/, /Keep plain data in/],
    // The operator keeps its input for later; the batch is done.
    2000,
  ],
  [
    'a function in a state, at once',
    keeping(() => 1),
    job,
    'state-not-data',
    [/^A state holds .*function/, /use plain data/],
    2000,
  ],
  [
    'a function in a record below a window',
    holding((word) => (word === 'b' ? () => 1 : 1)),
    holding(() => 1),
    'state-not-storable',
    [/^held: a record that a window .* will read again at \.inside: a function cannot be stored/, /use plain data/],
    2000,
  ],
]

describe('what cannot be stored: named with its place; nothing committed is lost, and the mended program goes on', () => {
  test.each(unstorable)('%s', async (_, source, program, code, says, done) => {
    const [good, bad] = [rows[2]!, rows[1]!]
    const dir = await directory()
    const t = contextOf(source, fileStorage(dir), 0, [good, bad])
    await t.run(1)
    const before = await contents(dir)
    const error = (await t.run(1).catch((thrown: unknown) => thrown)) as { code: string; message: string }
    expect(error).toMatchObject({ code })
    for (const text of says) expect(error.message).toMatch(text)
    expect(t.ssc.lastProgress?.batchTime).toBe(done)
    await t.ssc.stop()
    // Not a byte of the committed data has changed, although the journal shows that another batch has begun.
    const after = await contents(dir)
    for (const [path, bytes] of Object.entries(before)) expect(after[path]!.startsWith(bytes), path).toBe(true)
    const mended = contextOf(program, fileStorage(dir), 2000, [])
    await mended.run(1)
    expect(mended.errors).toEqual([])
    expect(mended.ssc.lastProgress?.stateOperators).toMatchObject([{ id: 'counts' }])
    await mended.ssc.stop()
  })
})
