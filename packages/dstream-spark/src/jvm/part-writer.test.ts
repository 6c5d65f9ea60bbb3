import fc from 'fast-check'
import { expect, test } from 'vitest'
import { partWriter } from './part-writer.js'

/** Notes frames, and how many had been sent when it was waited. */
function line() {
  const frames: Buffer[] = []
  const waits: number[] = []
  const write = partWriter(
    (...parts) => void frames.push(Buffer.concat(parts)),
    () => {
      waits.push(frames.length)
      return Promise.resolve()
    },
  )
  return { frames, waits, write }
}

async function* later<T>(values: readonly T[], error?: Error): AsyncGenerator<T> {
  for (const value of values) yield Promise.resolve(value)
  if (error !== undefined) throw error
}

test('law: a file is its name, its pieces, and an end, with a wait behind each piece', () =>
  fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 20 })), async (chunks) => {
      const { frames, waits, write } = line()
      const name = await write('hdfs://name/folder', later(chunks))
      expect(frames.map((frame) => frame[0])).toEqual([0xf1, ...chunks.map(() => 0xf2), 0xf3])
      expect(frames[0]!.toString('utf8', 1)).toBe(`hdfs://name/folder/${name}`)
      expect(Buffer.concat(frames.slice(1, -1).map((frame) => frame.subarray(1)))).toEqual(Buffer.concat(chunks))
      expect(waits).toEqual(chunks.map((_, i) => i + 2))
    }),
  ))

test('no two files have one name', async () => {
  const { write } = line()
  const names = await Promise.all(Array.from({ length: 100 }, () => write('file:///folder', later([]))))
  expect(new Set(names).size).toBe(100)
})

test('a file whose records fail is abandoned, and the error comes out as it was thrown', async () => {
  const { frames, write } = line()
  const error = new RangeError('no 5')
  await expect(write('file:///folder', later([Uint8Array.of(1)], error))).rejects.toBe(error)
  expect(frames.map((frame) => frame[0])).toEqual([0xf1, 0xf2, 0xf4])
})
