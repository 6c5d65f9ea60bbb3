import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Seconds, StreamingContext } from 'dstream'
import { fileStorage } from 'dstream/storage'
import { contextOf, directory, job } from '../../test/checkpoint-job.js'

/** A directory in which the job has run. */
const used = async (): Promise<string> => {
  const dir = await directory()
  const t = contextOf(job, fileStorage(dir))
  await t.run(2)
  await t.stop()
  return dir
}

test.each([
  [
    'is damaged',
    (dir: string) => writeFile(join(dir, 'commits', `${'0'.repeat(16)}.log`), ''),
    /damaged: .*'discard'\. To/,
  ],
  ['has no place in the program', () => undefined, /would be dropped: counts\. To/],
])('what %s is refused in whole sentences, unless it may be discarded', async (_, spoil, says) => {
  const dir = await used()
  await spoil(dir)
  const create = (): StreamingContext => {
    const ssc = new StreamingContext({ batchInterval: Seconds(1) })
    ssc.queueStream([]).print()
    return ssc
  }
  await expect(StreamingContext.getOrCreate(dir, create)).rejects.toMatchObject({
    code: 'checkpoint-unreadable',
    message: expect.stringMatching(says),
  })
  const anew = await StreamingContext.getOrCreate(dir, create, { createOnError: true })
  expect(anew.getState()).toBe('INITIALIZED')
})
