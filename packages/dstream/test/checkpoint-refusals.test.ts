import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Seconds } from 'dstream'
import { fileStorage, memoryStorage, type DiskCall, type DiskFault } from 'dstream/storage'
import type { TestContext } from 'dstream/testing'
import { crc32 } from '../src/durable/log/crc32.js'
import { FORMAT } from '../src/durable/log/frame.js'
import { add, contents, contextOf, directory, job, ones, rows, type Source } from './checkpoint-job.js'

/** What another program keeps, under another name. */
const another: Source = (words) => words.countByValueAndWindow(Seconds(2)).uid('trends').print()

/** A directory in which the job has run over its rows. */
async function used(source: Source = job): Promise<string> {
  const dir = await directory()
  const t = contextOf(source, fileStorage(dir))
  await t.run(3)
  await t.ssc.stop()
  return dir
}

/** Changes one file of a directory, and gives its name within it. */
async function changed(dir: string, folder: string, change: (bytes: Buffer) => Buffer): Promise<string> {
  const name = (await readdir(join(dir, folder))).sort()[0]!
  const path = join(dir, folder, name)
  await writeFile(path, change(await readFile(path)))
  return `${folder}/${name}`
}

/** The bytes where a file says its format, and the checksum over them: `docs/checkpoint-format.md`. */
function ofFormat(format: number) {
  return (bytes: Buffer): Buffer => {
    const copy = Buffer.from(bytes)
    copy.writeUInt32LE(format, 8)
    copy.writeUInt32LE(crc32(copy.subarray(0, 20)), 20)
    return copy
  }
}

async function refusalOf(t: TestContext): Promise<{ code: string; message: string }> {
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
      return { dir, says: [await changed(dir, 'commits', ofFormat(9)), /format 9.*reads up to \d/, /run the version/i] }
    },
  ],
  [
    'a journal of a newer format',
    'checkpoint-newer-format',
    async () => {
      const dir = await used()
      return {
        dir,
        says: [
          await changed(dir, 'journal', ofFormat(FORMAT + 1)),
          new RegExp(`format ${FORMAT + 1}.*reads up to ${FORMAT}`),
          /run the version/i,
        ],
      }
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
      says: [/counts: migrate threw on key "a", from version 1 to 2: no idea/, /mend migrate and start again/i],
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
    expect(error.message).toMatch(/another context of this process, since .*Stop the other one, or use another/)
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

  test('a path below a file', async () => {
    const path = join(await directory(), 'notes')
    await writeFile(path, 'mine')
    const error = await refusalOf(contextOf(job, fileStorage(join(path, 'deep', 'below'))))
    expect(error).toMatchObject({ code: 'storage-unwritable' })
    expect(error.message).toContain('is not a directory; give another checkpointDir')
  })

  test.runIf(process.platform === 'linux')('a path below a folder in which nobody can make another', async () => {
    const error = await refusalOf(contextOf(job, fileStorage('/proc/checkpoint/of/a job')))
    expect(error).toMatchObject({ code: 'storage-failed' })
    expect(error.message).toMatch(/Cannot create the folder \/proc\/checkpoint\/of\/a job: ENOENT/)
  })
})

/** The disk refuses everything that would change it. */
function refusing(error: 'EACCES' | 'EROFS' | 'ENOSPC') {
  return ({ op }: DiskCall): DiskFault | undefined => (op.startsWith('read') ? undefined : { error })
}

describe('a disk that refuses', () => {
  const cases: ['EACCES' | 'EROFS' | 'ENOSPC', string, RegExp][] = [
    ['EACCES', 'storage-unwritable', /not allowed \(EACCES\); give this user the right to write there, or use another/],
    ['EROFS', 'storage-unwritable', /not allowed \(EROFS\)/],
    ['ENOSPC', 'disk-full', /Cannot \w+ .*: the disk is full \(ENOSPC\); free some space/],
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
