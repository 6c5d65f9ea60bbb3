import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ManualClock } from '../../test/manual-clock.js'
import { FileBookmarks } from './file-bookmarks.js'

describe('FileBookmarks', () => {
  let folder: string
  const clock = new ManualClock(1_000_000)
  const errors: string[] = []
  const open = (name = 'bookmarks.json') =>
    FileBookmarks.open(join(folder, 'data', name), {
      clock,
      expiryMs: 10_000,
      onError: ({ message }) => errors.push(message),
    })
  beforeEach(async () => {
    errors.length = 0
    folder = await mkdtemp(join(tmpdir(), 'bookmarks-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  test('are only ever raised, and are there again after a close', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uuid(),
        fc.array(fc.tuple(fc.nat(3), fc.bigInt({ min: 1n, max: 10n ** 17n }))),
        async (name, advances) => {
          const bookmarks = await open(name)
          const greatest = new Map<string, bigint>()
          for (const [topic, id] of advances) {
            await bookmarks.advance(String(topic), String(id))
            if (id > (greatest.get(String(topic)) ?? 0n)) greatest.set(String(topic), id)
            expect(await bookmarks.get(String(topic))).toBe(String(greatest.get(String(topic))))
          }
          await bookmarks.close()
          const again = await open(name)
          for (const [topic, id] of greatest) expect(await again.get(topic)).toBe(String(id))
          expect(await again.get('9')).toBeUndefined()
        },
      ),
      { numRuns: 20 },
    )
  })

  test('are written a little later by themselves, and leave no other file', async () => {
    const bookmarks = await open()
    await bookmarks.advance('1', '10')
    await clock.advance(500)
    await bookmarks.close()
    expect(await readdir(join(folder, 'data'))).toEqual(['bookmarks.json'])
    expect(JSON.parse(await readFile(join(folder, 'data', 'bookmarks.json'), 'utf8'))).toMatchObject({
      topics: { '1': ['10', expect.any(Number)] },
    })
  })

  test('a silent topic is forgotten, one that was raised again is not', async () => {
    const bookmarks = await open()
    await bookmarks.advance('1', '10')
    await bookmarks.advance('2', '10')
    await clock.advance(9000)
    await bookmarks.advance('2', '9')
    await clock.advance(2000)
    await bookmarks.advance('3', '1')
    await bookmarks.close()
    const again = await open()
    expect([await again.get('1'), await again.get('2'), await again.get('3')]).toEqual([undefined, '10', '1'])
  })

  test('a file that is none of ours is an error that says what to do', async () => {
    await (await open()).close()
    for (const text of ['', '{', '{"format":2,"topics":{}}', '{"format":1}']) {
      await writeFile(join(folder, 'data', 'bookmarks.json'), text)
      await expect(open()).rejects.toMatchObject({
        code: 'bookmarks-broken',
        message: expect.stringContaining('Move the file away'),
      })
    }
  })

  test('a disk that fails is reported, and they are written when it is back', async () => {
    const bookmarks = await open()
    await bookmarks.advance('1', '10')
    await rm(join(folder, 'data'), { recursive: true })
    await bookmarks.close()
    expect([errors.length, bookmarks.away]).toEqual([1, true])
    const { mkdir } = await import('node:fs/promises')
    await mkdir(join(folder, 'data'))
    await bookmarks.close()
    expect(bookmarks.away).toBe(false)
    expect(await (await open()).get('1')).toBe('10')
  })
})
