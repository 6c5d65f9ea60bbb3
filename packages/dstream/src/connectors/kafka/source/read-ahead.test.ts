import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Chunk, Origin } from './fetch.js'
import { ReadAhead, type ChunkReader } from './read-ahead.js'

const CHUNK_BYTES = 100
const signal = new AbortController().signal

function origin(partition: number): Origin {
  return { topic: 't', partition, id: 'id' }
}

/** A partition whose records are its even offsets, in answers of `size` offsets and ten bytes a record. */
function reader(size: number, fails: () => boolean = () => false): ChunkReader & { readonly reads: string[] } {
  const reads: string[] = []
  const readOnce = ({ topic, partition }: Origin, at: number, until: number): Promise<Chunk> => {
    reads.push(`${partition}: ${at}`)
    if (fails()) return Promise.reject(new Error('away'))
    const next = Math.min(at + size, until)
    const offsets = Array.from({ length: next - at }, (_, i) => at + i).filter((offset) => offset % 2 === 0)
    const records = offsets.map((offset) => ({ topic, partition, offset, timestamp: 0, key: null, value: null, headers: [] })) // prettier-ignore
    return Promise.resolve({ from: at, next, records, bytes: 10 * records.length })
  }
  const read = async (...[of, at, until]: Parameters<ChunkReader['read']>): Promise<Chunk> => {
    for (;;) {
      const chunk = await readOnce(of, at, until).catch(() => undefined)
      if (chunk !== undefined) return chunk
    }
  }
  return { read, readOnce, reads }
}

async function offsetsOf(ahead: ReadAhead, partition: number, from: number, until: number): Promise<number[]> {
  const offsets: number[] = []
  for await (const { offset } of ahead.read(origin(partition), from, until, signal)) offsets.push(offset)
  return offsets
}

function evens(from: number, until: number): number[] {
  return Array.from({ length: until - from }, (_, i) => from + i).filter((offset) => offset % 2 === 0)
}

/** Lets all readings that have begun end. */
async function settle(): Promise<void> {
  for (let i = 0; i < 200; i++) await Promise.resolve()
}

test('law: each range has its records, in order, however much was read ahead and fails, and within the bound of bytes', async () => {
  const ranges = fc.array(fc.nat(30), { minLength: 1, maxLength: 8 })
  const parameters = [ranges, fc.integer({ min: 1, max: 40 }), fc.nat(6), fc.nat(9)] as const
  await fc.assert(
    fc.asyncProperty(...parameters, async (lengths, size, chunks, failing) => {
      let calls = 0
      const maxBytes = chunks * CHUNK_BYTES
      const ahead = new ReadAhead(
        reader(size, () => failing > 0 && ++calls % (failing + 1) === 0),
        maxBytes,
        CHUNK_BYTES,
      )
      const end = lengths.reduce((sum, n) => sum + n, 0) + 50
      let at = 0
      for (const length of lengths) {
        for (const partition of [0, 1]) ahead.aim(origin(partition), at, end)
        await settle()
        // An answer that was asked for by a batch is held too, so the bound is passed by one at most.
        expect(ahead.bytes).toBeLessThanOrEqual(maxBytes + 10 * size)
        for (const partition of [0, 1]) {
          expect(await offsetsOf(ahead, partition, at, at + length)).toEqual(evens(at, at + length))
        }
        at += length
      }
      // A batch that is run again.
      expect(await offsetsOf(ahead, 0, 0, at)).toEqual(evens(0, at))
      ahead.close()
      await settle()
      expect(ahead.bytes).toBe(0)
    }),
  )
})

test('the next batch is read while this one is worked on, and no record twice', async () => {
  const fetcher = reader(10)
  const ahead = new ReadAhead(fetcher, 1000, CHUNK_BYTES)
  ahead.aim(origin(0), 0, 40)
  await settle()
  expect(fetcher.reads).toEqual(['0: 0', '0: 10', '0: 20', '0: 30'])
  expect(await offsetsOf(ahead, 0, 0, 25)).toEqual(evens(0, 25))
  ahead.aim(origin(0), 25, 40)
  expect(await offsetsOf(ahead, 0, 25, 40)).toEqual(evens(25, 40))
  expect(fetcher.reads).toHaveLength(4)
})

test('a topic that is created again is read from its own records', async () => {
  const fetcher = reader(10)
  const ahead = new ReadAhead(fetcher, 1000, CHUNK_BYTES)
  ahead.aim(origin(0), 0, 20)
  await settle()
  ahead.aim({ ...origin(0), id: 'other' }, 0, 10)
  await settle()
  expect(fetcher.reads).toEqual(['0: 0', '0: 10', '0: 0'])
  expect(ahead.bytes).toBe(50)
})
