import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import fc from 'fast-check'
import { MemoryDisk, type DiskCall, type DiskFault } from '../../testing/simulated-disk/memory-disk.js'
import { DiskState } from '../../testing/simulated-disk/disk-state.js'
import type { PartFolder } from '../../base/ports.js'
import { hostJob } from '../runtime-host.js'
import { rddFiles, rddFilesOn } from './rdd-files.js'

let root: string
let next = 0
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), 'dstream-rdd-files-'))))
afterAll(() => rm(root, { recursive: true }))
function fresh() {
  return join(root, `case-${next++}`, 'deep', 'out')
}

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const value of values) found.push(value)
  return found
}
async function* later<T>(values: readonly T[]): AsyncGenerator<T> {
  for (const value of values) yield Promise.resolve(value)
}

describe('text', () => {
  test('a file per partition and _SUCCESS, for empty partitions too', async () => {
    const path = fresh()
    await rddFiles.save('text', path, [['a', 'é'], [], ['c']])
    expect((await readdir(path)).sort()).toEqual(['_SUCCESS', 'part-00000', 'part-00001', 'part-00002'])
    expect(await readFile(join(path, 'part-00000'), 'utf8')).toBe('a\né\n')
    expect(await readdir(join(path, '..'))).toEqual(['out'])
  })

  test('what has no line ends is read back as it was, from arrays and from what comes later', async () => {
    const line = fc.string({ unit: 'grapheme' }).filter((text) => !/[\r\n]/.test(text))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(line), { maxLength: 3 }), async (parts) => {
        const path = fresh()
        await rddFiles.save('text', path, parts)
        const twin = fresh()
        await rddFiles.save('text', twin, later(parts.map(later)))
        expect([await all(rddFiles.loadText(path)), await all(rddFiles.loadText(twin))]).toEqual([
          parts.flat(),
          parts.flat(),
        ])
      }),
      { numRuns: 15 },
    )
  })

  test('patterns, lists and escapes name files and directories', async () => {
    const dir = fresh()
    for (const name of ['d1', 'd2', '[x]', 'a,b']) {
      await mkdir(join(dir, name), { recursive: true })
      await writeFile(join(dir, name, 'part-00000'), `${name} 0`)
      await writeFile(join(dir, name, '_SUCCESS'), 'hidden')
    }
    await writeFile(join(dir, 'x'), 'the wrong one')
    const read = async (...paths: string[]) =>
      (await all(rddFiles.loadText(paths.map((path) => join(dir, path)).join(',')))).map((line) => line.split(' ')[0])
    expect(await read('d*')).toEqual(['d1', 'd2'])
    expect(await read('d*/*')).toEqual(['d1', 'd2'])
    expect(await read('d{2,1}/part-?????')).toEqual(['d1', 'd2'])
    expect(await read('d2', 'd1')).toEqual(['d2', 'd1'])
    expect(await read('\\[x\\]')).toEqual(['[x]'])
    expect(await read('\\[x\\]/*')).toEqual(['[x]'])
    // A path that exists as it is written is no pattern: a directory that was saved under such a name is read back.
    expect(await read('[x]')).toEqual(['[x]'])
    expect(await read('a,b')).toEqual(['a,b'])
    for (const none of ['e*', 'd1,e*', '_*']) {
      await expect(read(...none.split(','))).rejects.toMatchObject({ code: 'nothing-to-load' })
    }
  })

  test('a single file loads, and of a directory the visible files in order of name', async () => {
    const dir = fresh()
    await mkdir(join(dir, 'sub'), { recursive: true })
    for (const name of ['b', 'a', '_hidden', '.hidden']) await writeFile(join(dir, name), `${name}1\r\n${name}2`)
    expect(await all(rddFiles.loadText(dir))).toEqual(['a1', 'a2', 'b1', 'b2'])
    expect(await all(rddFiles.loadText(join(dir, 'b')))).toEqual(['b1', 'b2'])
    await expect(all(rddFiles.loadText(join(dir, 'c')))).rejects.toMatchObject({ code: 'nothing-to-load' })
  })

  test('many records take many pieces', async () => {
    const path = fresh()
    const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i}`)
    await rddFiles.save('text', path, [lines])
    expect(await all(rddFiles.loadText(path))).toEqual(lines)
  })
})

describe('objects', () => {
  const value = fc.oneof(
    fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true }),
    fc.record({ name: fc.string(), n: fc.double() }),
  )

  test('what is read back is equal', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(value, { maxLength: 20 }), { maxLength: 3 }), async (parts) => {
        const path = fresh()
        await rddFiles.save('objects', path, parts)
        expect(await all(rddFiles.loadObjects(path))).toEqual(parts.flat())
      }),
      { numRuns: 20 },
    )
  })

  test('text, and records that cannot be saved, are refused in words', async () => {
    const path = fresh()
    await rddFiles.save('text', path, [['text']])
    await expect(all(rddFiles.loadObjects(path))).rejects.toMatchObject({ code: 'object-file-damaged' })
    const records = [...Array<unknown>(400).fill(1), { list: [0, () => 1] }]
    await expect(rddFiles.save('objects', fresh(), [records])).rejects.toThrow(
      /record 400 of its partition at \.list\[1\]/,
    )
  })
})

describe('a directory that is there already', () => {
  test('is replaced by other contents, with fewer parts too, and stays when they are the same', async () => {
    const path = fresh()
    await rddFiles.save('text', path, [['a'], ['b'], ['c']])
    await rddFiles.save('text', path, [['x'], ['y']])
    expect(await all(rddFiles.loadText(path))).toEqual(['x', 'y'])
    const before = await readFile(join(path, 'part-00001'))
    await rddFiles.save('text', path, [['x'], ['y']])
    expect(await readFile(join(path, 'part-00001'))).toEqual(before)
    expect(await readdir(join(path, '..'))).toEqual(['out'])
  })

  test('is left alone when it holds something else, or is a file', async () => {
    const path = fresh()
    await mkdir(path, { recursive: true })
    for (const name of ['part-00000', 'photos.zip']) await writeFile(join(path, name), 'mine')
    await expect(rddFiles.save('text', path, [['a']])).rejects.toMatchObject({
      code: 'path-in-use',
      message: expect.stringContaining('photos.zip'),
    })
    expect(await readFile(join(path, 'part-00000'), 'utf8')).toBe('mine')
    await expect(rddFiles.save('text', join(path, 'photos.zip'), [])).rejects.toMatchObject({ code: 'path-in-use' })
    await expect(rddFiles.save('text', join(path, 'photos.zip', 'x'), [])).rejects.toMatchObject({
      code: 'storage-unwritable',
    })
  })

  test('an error among the records leaves it as it was, and nothing beside', async () => {
    const path = fresh()
    await rddFiles.save('text', path, [['a']])
    const error = new Error('no')
    async function* failing(): AsyncGenerator<string> {
      yield 'b'
      throw error
    }
    await expect(rddFiles.save('text', path, [['x'], failing()])).rejects.toBe(error)
    expect(await all(rddFiles.loadText(path))).toEqual(['a'])
    expect(await readdir(join(path, '..'))).toEqual(['out'])
  })

  test('that a cut save had set aside is put back, also when the next save fails', async () => {
    const path = fresh()
    await rddFiles.save('text', path, [['a']])
    await rename(path, join(path, '..', '.out.replaced'))
    await expect(rddFiles.save('objects', path, [[() => 1]])).rejects.toMatchObject({ code: 'record-not-savable' })
    expect(await all(rddFiles.loadText(path))).toEqual(['a'])
    expect(await readdir(join(path, '..'))).toEqual(['out'])
  })

  test('saves of one path at a time come one after the other', async () => {
    const path = fresh()
    await Promise.all(['a', 'b', 'c'].map((text) => rddFiles.save('text', path, [[text], [text]])))
    expect(await all(rddFiles.loadText(path))).toEqual(['c', 'c'])
  })
})

describe('on a simulated disk', () => {
  const parts = [['a', 'b'], ['c'.repeat(2000)], []]
  const text = parts.map((lines) => lines.map((line) => `${line}\n`).join(''))

  const life = (platter: DiskState, fault: (call: DiskCall) => DiskFault | undefined) => {
    let stop!: () => void
    const crashed = new Promise<void>((resolve) => (stop = resolve))
    const files = rddFilesOn(() => new MemoryDisk(platter, fault, stop))
    return { save: (lines: string[][]) => files.save('text', `/simulated-${next++}/out`, lines), crashed }
  }
  /** The same save to a URI: parts are written elsewhere, some of them twice, and one more comes too late. */
  const lifeAt: typeof life = (platter, fault) => {
    let stop!: () => void
    const crashed = new Promise<void>((resolve) => (stop = resolve))
    const disk = new MemoryDisk(platter, fault, stop)
    const files = rddFilesOn(
      () => disk,
      () => disk,
    )
    const save = async (lines: string[][]): Promise<void> => {
      let folder!: PartFolder
      await files.saveParts(`sim://name-${next++}/out`, async (given) => {
        folder = given
        for (const part of lines) await folder.write('text', part)
        const names: string[] = []
        for (const part of lines) names.push(await folder.write('text', part))
        return names
      })
    }
    return { save, crashed }
  }
  /** The contents of the directory: what it must be when it is there. */
  const contents = (platter: DiskState): string[] | undefined => {
    if (!platter.folders.has('out')) return undefined
    const names = [...platter.files.keys()].filter((path) => path.startsWith('out/')).sort()
    expect(names[0]).toBe('out/_SUCCESS')
    return names.slice(1).map((name) => {
      const { data, size } = platter.files.get(name)!
      return Buffer.from(data.slice(0, size)).toString()
    })
  }
  const saved = async (by: typeof life, ...versions: string[][][]): Promise<DiskState> => {
    const platter = new DiskState()
    for (const version of versions) await by(platter, () => undefined).save(version)
    return platter
  }
  let seed = 1
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647

  const starts: [string, string[][][], (string[] | undefined)[]][] = [
    ['nothing', [], [undefined, text]],
    ['the same', [parts], [text]],
    ['another version', [[['old']]], [['old\n'], undefined, text]],
  ]
  const ways: [string, typeof life][] = [['from here', life], ['elsewhere', lifeAt]] // prettier-ignore
  const cases = ways.flatMap(([way, by]) => starts.map(([over, ...more]) => [way, over, by, ...more] as const))
  test.each(cases)(
    '%s, over %s: cut before or after any call, it is whole or not there',
    async (_, __, life, before, allowed) => {
      const start = (await saved(life, ...before)).calls
      const whole = await saved(life, ...before, parts)
      const outcomes = new Set<string>()
      for (let at = start; at < whole.calls; at++) {
        for (const crash of ['before', 'after'] as const) {
          for (const unsynced of ['lost', 'kept', 'torn'] as const) {
            const platter = await saved(life, ...before)
            const { save, crashed } = life(platter, ({ index }) => (index === at ? { crash } : undefined))
            await Promise.race([save(parts), crashed])
            platter.crash(unsynced, random)
            outcomes.add(JSON.stringify(contents(platter)))
            expect(allowed, `crash ${crash} call ${at}, ${unsynced}`).toContainEqual(contents(platter))
            await life(platter, () => undefined).save(parts)
            platter.crash('lost', random)
            expect(contents(platter)).toEqual(text)
            const beside = [...platter.folders].filter((folder) => folder !== '')
            expect(beside).toContain('out')
          }
        }
      }
      expect(outcomes.size).toBe(allowed.length)
    },
  )

  test.each(cases)(
    '%s, over %s: any call that fails rejects or does no harm, and the next save is good',
    async (_, __, life, before, allowed) => {
      const start = (await saved(life, ...before)).calls
      const whole = await saved(life, ...before, parts)
      for (let at = start; at < whole.calls; at++) {
        const platter = await saved(life, ...before)
        let failed = false
        await life(platter, ({ index }) => (index === at ? { error: 'EIO', written: 1 } : undefined))
          .save(parts)
          .catch(() => (failed = true))
        if (!failed) platter.crash('lost', random)
        expect(failed ? allowed : [text], `call ${at} fails`).toContainEqual(contents(platter))
        await life(platter, () => undefined).save(parts)
        platter.crash('lost', random)
        expect(contents(platter)).toEqual(text)
        expect([...platter.folders].sort()).toEqual(['', 'out'])
      }
    },
  )
})

describe('at a URI', () => {
  const noFault = (): undefined => undefined
  const files = (platter: DiskState, more: object = {}) => {
    const disk = Object.assign(new MemoryDisk(platter, noFault, noFault), more)
    return rddFilesOn(
      () => disk,
      () => disk,
    )
  }
  const namesIn = (platter: DiskState, folder: string): string[] =>
    [...platter.files.keys()].filter((path) => path.startsWith(`${folder}/`)).sort()
  const write = async (folder: PartFolder): Promise<string[]> => [
    await folder.write('text', ['a']),
    await folder.write('objects', [1]),
  ]

  test('parts come in order of the partitions, and _SUCCESS last where a folder is renamed file by file', async () => {
    const platter = new DiskState()
    const order: string[] = []
    const disk = new MemoryDisk(platter, ({ op, path }) => void order.push(`${op} ${path}`), noFault)
    const { saveParts } = rddFilesOn(
      () => disk,
      () => Object.assign(disk, { renamesAtOnce: false }),
    )
    await saveParts('s3a://bucket/deep/out', write)
    expect(namesIn(platter, 'out')).toEqual(['out/_SUCCESS', 'out/part-00000', 'out/part-00001'])
    expect(order.findIndex((call) => /^create out\/_SUCCESS/.test(call))).toBeGreaterThan(
      order.findIndex((call) => /^rename \.out\.saving/.test(call)),
    )
    // The same once more stays as it is.
    order.length = 0
    await saveParts('s3a://bucket/deep/out', write)
    expect(order.filter((call) => /^(rename|create) out/.test(call))).toEqual([])
  })

  test('files of two URIs are beside each other, and what no save has written is not replaced', async () => {
    const platter = new DiskState()
    const { saveParts, numbered } = files(platter)
    await saveParts('hdfs://name:8020/deep/out-1000.txt/', write)
    await saveParts('hdfs://name:8020/deep/out-2000.txt', write)
    expect(await numbered('hdfs://name:8020/deep/out-', '.txt')).toEqual([1000, 2000])
    platter.files.set('out-1000.txt/mine', platter.files.get('out-1000.txt/_SUCCESS')!)
    await expect(saveParts('hdfs://name:8020/deep/out-1000.txt', write)).rejects.toMatchObject({ code: 'path-in-use' })
  })

  test('a part that is not there is named', async () => {
    const saved = files(new DiskState()).saveParts('file:///deep/out', async (folder) => [
      await folder.write('text', ['a']),
      'written-elsewhere',
    ])
    await expect(saved).rejects.toMatchObject({
      code: 'part-missing',
      message: expect.stringMatching(
        /its part 1 was written as "written-elsewhere".*Give a place that all machines reach/,
      ),
    })
  })

  test('a path is none, and a URI is refused where no program has brought its file system', async () => {
    hostJob({})
    expect(rddFiles.saveParts('C:/out', write)).toBeUndefined()
    for (const refused of [
      () => rddFiles.saveParts('hdfs://name/out', write)!,
      () => rddFiles.numbered('s3a://b/o-', ''),
    ])
      await expect((async () => refused())()).rejects.toMatchObject({
        code: 'no-file-system',
        message: expect.stringMatching(/npx dstream-spark run/),
      })
  })
})
