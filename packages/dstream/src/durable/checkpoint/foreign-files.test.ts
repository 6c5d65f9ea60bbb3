import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Seconds } from 'dstream'
import { fileStorage } from 'dstream/storage'
import { TestContext } from 'dstream/testing'
import { directory } from '../../../test/checkpoint-job.js'
import { inspectCheckpoint, verifyFiles } from './inspect.js'

/** The folders of a checkpoint, with what others may leave there: none of it has a name that the library gives. */
const foreignIn = new Map<string, readonly string[]>(
  ['commits', 'journal', 'snapshots'].map((folder) => [
    folder,
    [
      `${folder}/notes.txt`,
      `${folder}/foreign`,
      `${folder}/.DS_Store`,
      `${folder}/0000000000000000.log.bak`,
      `${folder}/0000000000000000.log~`,
      `${folder}/0000000000000000 (copy).log`,
      `${folder}/old-0000000000000000.log`,
      `${folder}/0000000000000000`,
      `${folder}/7.log`,
      `${folder}/7.snapshot`,
      `${folder}/2026-07-01-1.part`,
      `${folder}/download.tmp`,
      `${folder}/old/0000000000000000.log`,
      `${folder}/old/0000000000000001.snapshot`,
    ],
  ]),
)
foreignIn.set('the directory', ['notes.txt', 'download.tmp', 'lock.7', 'lock.000001.bak'])
const foreign = [...foreignIn.values()].flat()

async function litter(dir: string, files: readonly string[]): Promise<void> {
  for (const file of files) {
    await mkdir(dirname(join(dir, file)), { recursive: true })
    await writeFile(join(dir, file), `mine: ${file}`)
  }
}
async function stays(dir: string, files: readonly string[]): Promise<void> {
  for (const file of files) expect(await readFile(join(dir, file), 'utf8'), file).toBe(`mine: ${file}`)
}

/** A life of the next three batches, which takes a snapshot of each of them, if there is time. */
async function live(dir: string, options: Partial<ConstructorParameters<typeof TestContext>[0]> = {}) {
  const rows = Array.from({ length: 6 }, () => ['a'])
  const t = new TestContext({ batchInterval: Seconds(1), storage: fileStorage(dir), ...options })
  const pairs = t.input(rows).mapToPair((word) => [word, 1])
  const totals = t.output(pairs.runningReduceByKey((a, b) => a + b).checkpoint(Seconds(1)))
  await t.run(3)
  await t.ssc.stop()
  return totals.batches.at(-1)
}

describe('files of others are neither read nor deleted', () => {
  test.each([...foreignIn])('in %s', async (_, files) => {
    const dir = await directory()
    await litter(dir, files)
    expect(await live(dir)).toEqual([['a', 3]])
    expect(await live(dir)).toEqual([['a', 6]])
    await stays(dir, files)
  })

  test('all of them at once, whatever is done with the checkpoint', async () => {
    const dir = await directory()
    await live(dir)
    await litter(dir, foreign)
    const storage = fileStorage(dir)
    expect(await inspectCheckpoint(storage)).toMatchObject({ lastCommitted: 3000, warnings: [] })
    const reports = await verifyFiles(storage)
    expect(reports.filter(({ file }) => foreign.includes(file))).toEqual([])
    expect(reports.filter(({ problem }) => problem !== undefined)).toEqual([])
    expect(await live(dir)).toEqual([['a', 6]])
    expect(await live(dir, { onExistingCheckpoint: 'discard' })).toEqual([['a', 3]])
    await stays(dir, foreign)
  })

  test('a folder in which nothing but files of others lies holds no checkpoint', async () => {
    const dir = await directory()
    await litter(dir, foreign)
    expect(await inspectCheckpoint(fileStorage(dir))).toBeUndefined()
    expect(await live(dir, { onExistingCheckpoint: 'refuse' })).toEqual([['a', 3]])
    await stays(dir, foreign)
  })
})
