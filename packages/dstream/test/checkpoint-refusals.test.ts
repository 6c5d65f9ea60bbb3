import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { Seconds, Time, type DStream } from 'dstream'
import { fileStorage, memoryStorage, type DiskCall, type DiskFault, type Storage } from 'dstream/storage'
import { TestContext } from 'dstream/testing'
import { crc32 } from '../src/journal/crc32.js'

type Source = (words: DStream<string>) => void

const rows = [['a', 'b', 'a'], ['b'], ['a']]
const ones = (words: DStream<string>): DStream<[string, number]> => words.mapToPair((word) => [word, 1])
const add = (values: number[], old = 0): number => values.reduce((a, b) => a + b, old)

const job: Source = (words) => ones(words).updateStateByKey(add).uid('counts').print()
/** What another program keeps, under another name. */
const another: Source = (words) => words.countByValueAndWindow(Seconds(2)).uid('trends').print()

const made: string[] = []
const directory = async (): Promise<string> => {
  const dir = await mkdtemp(join(tmpdir(), 'dstream-refusals-'))
  made.push(dir)
  return dir
}
afterAll(async () => {
  for (const dir of made) await rm(dir, { recursive: true })
})

const contextOf = (source: Source, storage: Storage, startTime = 0, input: readonly string[][] = rows): TestContext => {
  const t = new TestContext({ batchInterval: Seconds(1), storage, startTime: new Time(startTime) })
  source(t.input(input))
  return t
}

/** A directory in which the job has run over its rows. */
const used = async (source: Source = job): Promise<string> => {
  const dir = await directory()
  const t = contextOf(source, fileStorage(dir))
  await t.run(3)
  await t.ssc.stop()
  return dir
}

/** Everything in a directory but the lock, whose file says who was there last. */
const contents = async (dir: string): Promise<Record<string, string>> => {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile() && !entry.name.startsWith('lock.'))
  const paths = files.map((file) => join(file.parentPath, file.name)).sort()
  return Object.fromEntries(await Promise.all(paths.map(async (path) => [path, await readFile(path, 'hex')] as const)))
}

/** Changes one file of a directory, and gives its name within it. */
const changed = async (dir: string, folder: string, change: (bytes: Buffer) => Buffer): Promise<string> => {
  const name = (await readdir(join(dir, folder))).sort()[0]!
  const path = join(dir, folder, name)
  await writeFile(path, change(await readFile(path)))
  return `${folder}/${name}`
}

/** The bytes where a file says its format, and the checksum over them: `docs/checkpoint-format.md`. */
const ofFormat =
  (format: number) =>
  (bytes: Buffer): Buffer => {
    const copy = Buffer.from(bytes)
    copy.writeUInt32LE(format, 8)
    copy.writeUInt32LE(crc32(copy.subarray(0, 20)), 20)
    return copy
  }

const refusalOf = async (t: TestContext): Promise<{ code: string; message: string }> => {
  const error: unknown = await t.ssc.start().then(
    () => new Error('it has started'),
    (thrown: unknown) => thrown,
  )
  await t.ssc.stop()
  return error as { code: string; message: string }
}

interface Refusal {
  readonly dir: string
  readonly source?: Source
  readonly says: readonly (string | RegExp)[]
}

const refusals: [name: string, code: string, setUp: () => Promise<Refusal>][] = [
  [
    'commits of a newer format',
    'checkpoint-newer-format',
    async () => {
      const dir = await used()
      return { dir, says: [await changed(dir, 'commits', ofFormat(9)), /format 9.*reads up to \d/, /run the version/] }
    },
  ],
  [
    'a journal of a newer format',
    'checkpoint-newer-format',
    async () => {
      const dir = await used()
      return { dir, says: [await changed(dir, 'journal', ofFormat(2)), /format 2/, /run the version/] }
    },
  ],
  [
    'the checkpoint of another program',
    'checkpoint-mismatch',
    async () => ({
      dir: await used(another),
      says: [/trends.* is not in the program any more/, /allowDroppedState: \["trends/, /kept: nothing; new: counts/],
    }),
  ],
  [
    'a file of another program',
    'checkpoint-damaged',
    async () => {
      const dir = await used()
      return { dir, says: [await changed(dir, 'commits', () => Buffer.from('#!/bin/sh\n')), /at byte 0/, /Restore/] }
    },
  ],
  [
    'a byte changed in the middle',
    'checkpoint-damaged',
    async () => {
      const dir = await used()
      const file = await changed(dir, 'commits', (bytes) => {
        bytes[60]! ^= 1
        return bytes
      })
      return { dir, says: [file, /at byte \d+/, /Restore the directory from a copy, or start afresh/] }
    },
  ],
  [
    'commits that are gone',
    'checkpoint-damaged',
    async () => {
      const dir = await used()
      await rm(join(dir, 'commits'), { recursive: true })
      return { dir, says: ['commits/', /the commits are missing/, /Restore/] }
    },
  ],
  [
    'a migration that throws',
    'migration-failed',
    async () => ({
      dir: await used(),
      source: (words) => {
        const migrate = (): number => {
          throw new Error('no idea')
        }
        ones(words).updateStateByKey(add, { version: 2, migrate }).uid('counts').print()
      },
      says: [/counts: migrate threw on key "a", from version 1 to 2: no idea/, /mend migrate and start again/],
    }),
  ],
  [
    'states of another version, and no migration',
    'checkpoint-mismatch',
    async () => ({
      dir: await used(),
      source: (words) => ones(words).updateStateByKey(add, { version: 2 }).uid('counts').print(),
      says: [/counts has state of version 1/, /give a migrate function/],
    }),
  ],
]

describe('what is there is refused, and left as it is', () => {
  test.each(refusals)('%s', async (_, code, setUp) => {
    const { dir, source = job, says } = await setUp()
    const before = await contents(dir)
    const error = await refusalOf(contextOf(source, fileStorage(dir), 3000))
    expect(error).toMatchObject({ code })
    for (const text of says) expect(error.message).toMatch(text)
    expect(error.message).toMatch(/Nothing has been changed/)
    expect(await contents(dir)).toEqual(before)
  })

  test('a directory that another context has locked', async () => {
    const dir = await directory()
    const owner = contextOf(job, fileStorage(dir))
    await owner.run(2)
    const before = await contents(dir)
    const error = await refusalOf(contextOf(job, fileStorage(dir), 3000))
    expect(error).toMatchObject({ code: 'storage-locked' })
    expect(error.message).toContain(dir)
    expect(error.message).toMatch(/another context of this very process, since .*: stop the other one, or use another/)
    expect(await contents(dir)).toEqual(before)
    await owner.run(1)
    await owner.ssc.stop()
    expect(owner.errors).toEqual([])
  })

  test('a path that is a file', async () => {
    const path = join(await directory(), 'notes')
    await writeFile(path, 'mine')
    const error = await refusalOf(contextOf(job, fileStorage(path)))
    expect(error).toMatchObject({ code: 'storage-unwritable' })
    expect(error.message).toContain(`${path} is not a directory; give another checkpointDir`)
    expect(await readFile(path, 'utf8')).toBe('mine')
  })
})

/** The disk refuses everything that would change it. */
const refusing =
  (error: 'EACCES' | 'EROFS' | 'ENOSPC') =>
  ({ op }: DiskCall): DiskFault | undefined =>
    op.startsWith('read') ? undefined : { error }

describe('a disk that refuses', () => {
  const cases: ['EACCES' | 'EROFS' | 'ENOSPC', string, RegExp][] = [
    ['EACCES', 'storage-unwritable', /not allowed \(EACCES\); give this user the right to write there, or use another/],
    ['EROFS', 'storage-unwritable', /not allowed \(EROFS\)/],
    ['ENOSPC', 'disk-full', /cannot \w+ .*: the disk is full \(ENOSPC\); free some space/],
  ]
  test.each(cases)('%s at the start: in words, and what is there stays', async (error, code, says) => {
    const first = memoryStorage()
    const t = contextOf(job, first)
    await t.run(3)
    await t.ssc.stop()
    const before = first.files()
    const storage = first.crash({ unsynced: 'kept', fault: refusing(error) })
    const refusal = await refusalOf(contextOf(job, storage, 3000))
    expect(refusal).toMatchObject({ code, message: expect.stringMatching(says) })
    expect(storage.files()).toEqual(before)
  })

  test('a disk that is full in the middle: the context ends, and goes on when there is room', async () => {
    let full = false
    const storage = memoryStorage({ fault: (call) => (full ? refusing('ENOSPC')(call) : undefined) })
    const t = contextOf(job, storage)
    await t.run(2)
    full = true
    await expect(t.run(1)).rejects.toMatchObject({
      code: 'disk-full',
      message: expect.stringMatching(/free some space/),
    })
    await expect(t.ssc.awaitTermination()).rejects.toMatchObject({ code: 'disk-full' })
    expect(t.ssc.getState()).toBe('STOPPED')
    const next = await t.crashAndRecover((life) =>
      life.output(ones(life.input(rows)).updateStateByKey(add).uid('counts')),
    )
    await next.run(1)
    expect(next.defined.batches.at(-1)).toEqual([
      ['a', 3],
      ['b', 2],
    ])
    await next.ssc.stop()
  })
})

class Counter {
  n = 1
}

/** Counts, and keeps from the second batch on what cannot be kept. */
const keeping =
  (value: unknown): Source =>
  (words) =>
    ones(words)
      .updateStateByKey<unknown>((values, old) => (old === undefined ? values.length : { inside: [value] }))
      .uid('counts')
      .print()

/** Counts, and looks at what lies below a window. */
const holding =
  (inside: (word: string) => unknown): Source =>
  (words) => {
    job(words)
    const held = words.map((word) => ({ word, inside: inside(word) })).uid('held')
    held.window(Seconds(2)).print()
  }

const unstorable: [name: string, source: Source, mended: Source, code: string, says: RegExp[], done: number][] = [
  [
    'an instance in a state',
    keeping(new Counter()),
    job,
    'state-not-storable',
    [/^counts: the value of key "a" at \.inside\[0\]: an instance of Counter cannot be stored/, /Keep plain data in/],
    1000,
  ],
  [
    'a function in a state, at once',
    keeping(() => 1),
    job,
    'state-not-data',
    [/^a state holds .*function/, /use plain data/],
    // Its operator waits with what it was given; the batch is done.
    2000,
  ],
  [
    'a function in a record below a window',
    holding((word) => (word === 'b' ? () => 1 : 1)),
    holding(() => 1),
    'state-not-storable',
    [/^held: a record that a window .* will read again at \.inside: a function cannot be stored/, /use plain data/],
    1000,
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
    // Of what was committed not a byte has changed, though the journal knows that another batch has begun.
    const after = await contents(dir)
    for (const [path, bytes] of Object.entries(before)) expect(after[path]!.startsWith(bytes), path).toBe(true)
    const mended = contextOf(program, fileStorage(dir), 2000, [])
    await mended.run(1)
    expect(mended.errors).toEqual([])
    expect(mended.ssc.lastProgress?.stateOperators).toMatchObject([{ id: 'counts' }])
    await mended.ssc.stop()
  })
})
