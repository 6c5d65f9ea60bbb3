import { appendFile, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ManualClock } from '../../../../test/manual-clock.js'
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

  test('of many topics are appended, one line an advance, until the changes outgrow the file', async () => {
    const file = join(folder, 'data', 'bookmarks.json')
    const bookmarks = await open()
    for (let topic = 1; topic <= 5000; topic++) await bookmarks.advance(String(topic), '10')
    await bookmarks.close()
    const before = await readFile(file, 'utf8')
    await bookmarks.advance('7', '11')
    await bookmarks.advance('7', '12')
    await bookmarks.advance('5001', '1')
    await bookmarks.close()
    expect(await readFile(file, 'utf8')).toBe(before)
    expect((await readFile(`${file}.changes`, 'utf8')).split('\n')).toEqual([
      expect.stringMatching(/^\["7","12",\d+\]$/),
      expect.stringMatching(/^\["5001","1",\d+\]$/),
      '',
    ])
    // A crash cuts the last line.
    await appendFile(`${file}.changes`, '["8","1')
    const again = await open()
    expect([await again.get('7'), await again.get('8'), await again.get('5001')]).toEqual(['12', '10', '1'])
    for (let round = 0; round < 40; round++) {
      for (let topic = 1; topic <= 200; topic++) await again.advance(String(topic), String(100 + round))
      await again.close()
    }
    expect((await stat(`${file}.changes`)).size).toBeLessThan((await stat(file)).size * 1.1)
    const last = await open()
    expect([await last.get('200'), await last.get('201')]).toEqual(['139', '10'])
  })

  test('law: after a crash they are those of the last write', async () => {
    const step = fc.oneof(fc.constant('write' as const), fc.tuple(fc.nat(5000), fc.nat(99)))
    await fc.assert(
      fc.asyncProperty(fc.uuid(), fc.array(step, { maxLength: 30 }), async (name, steps) => {
        const bookmarks = await open(name)
        for (let topic = 0; topic < 5000; topic++) await bookmarks.advance(String(topic), '50')
        await bookmarks.close()
        const written = new Map<string, string>()
        const advanced = new Map<string, string>()
        for (const one of steps) {
          if (one === 'write') {
            await bookmarks.close()
            for (const [topic, id] of advanced) written.set(topic, id)
          } else {
            await bookmarks.advance(String(one[0]), String(one[1]))
            advanced.set(String(one[0]), (await bookmarks.get(String(one[0])))!)
          }
        }
        const again = await open(name)
        for (const [topic, id] of written) expect(await again.get(topic)).toBe(id)
      }),
      { numRuns: 15 },
    )
  })

  test('changes that are damaged in the middle are an error that says what to do', async () => {
    await (await open()).close()
    await writeFile(join(folder, 'data', 'bookmarks.json.changes'), '["1","2",3]\n{"1":\n["1","3",4]\n')
    await expect(open()).rejects.toMatchObject({
      code: 'bookmarks-broken',
      message: expect.stringContaining('bookmarks.json.changes holds no bookmarks'),
    })
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
