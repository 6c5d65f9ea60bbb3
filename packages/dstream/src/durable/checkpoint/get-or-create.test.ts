import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Seconds, StreamingContext } from 'dstream'
import { fileStorage } from 'dstream/storage'
import { ManualClock } from 'dstream/testing'
import { contents, contextOf, directory, job } from '../../../test/checkpoint-job.js'

/** A directory in which the job has run. */
async function used(): Promise<string> {
  const dir = await directory()
  const t = contextOf(job, fileStorage(dir))
  await t.run(2)
  await t.stop()
  return dir
}

async function damaged(): Promise<string> {
  const dir = await used()
  await writeFile(join(dir, 'commits', `${'0'.repeat(16)}.log`), '')
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
    ssc.rateStream(1).print()
    return ssc
  }
  await expect(StreamingContext.getOrCreate(dir, create)).rejects.toMatchObject({
    code: 'checkpoint-unreadable',
    message: expect.stringMatching(says),
  })
  const anew = await StreamingContext.getOrCreate(dir, create, { createOnError: true })
  expect(anew.getState()).toBe('INITIALIZED')
})

describe('an empty directory', () => {
  test('is a first start: batches begin after start, not where the program was made', async () => {
    const clock = new ManualClock(0)
    const times: number[] = []
    const dir = await directory()
    const ssc = await StreamingContext.getOrCreate(dir, () => {
      const fresh = new StreamingContext({ batchInterval: Seconds(1), clock })
      fresh.rateStream(1).foreachRDD((_, time) => void times.push(time.milliseconds))
      return fresh
    })
    expect(await contents(dir)).toEqual({})
    clock.moveTo(5500)
    await ssc.start()
    const batch = new Promise((done) => ssc.on('batchCompleted', done))
    clock.runNext(6000)
    await batch
    await ssc.stop()
    expect(times).toEqual([6000])
  })

  test('starts with a program that refuses checkpoints', async () => {
    const ssc = await StreamingContext.getOrCreate(await directory(), () => {
      const clock = new ManualClock(0)
      const fresh = new StreamingContext({ batchInterval: Seconds(1), clock, onExistingCheckpoint: 'refuse' })
      fresh.rateStream(1).print()
      return fresh
    })
    await ssc.start()
    expect(ssc.getState()).toBe('ACTIVE')
    await ssc.stop()
  })
})

test.each([
  ['an empty directory', directory],
  ['a directory in which the job has run', used],
])('a source that cannot be recovered is refused, in %s', async (_, make) => {
  const dir = await make()
  const before = await contents(dir)
  const create = (): StreamingContext => {
    const ssc = new StreamingContext({ batchInterval: Seconds(1) })
    ssc.queueStream([[1]]).print()
    return ssc
  }
  for (const createOnError of [false, true]) {
    const refused = StreamingContext.getOrCreate(dir, create, { createOnError })
    await expect(refused).rejects.toMatchObject({ code: 'queue-not-recoverable' })
  }
  const ssc = create()
  ssc.checkpoint(dir)
  await expect(ssc.start()).rejects.toMatchObject({ code: 'queue-not-recoverable' })
  expect(await contents(dir)).toEqual(before)
})

describe('create', () => {
  const fresh = (): StreamingContext => {
    const ssc = new StreamingContext({ batchInterval: Seconds(1) })
    ssc.rateStream(1).print()
    return ssc
  }

  test.each([
    ['of an empty directory', directory, false],
    ['of a directory in which the job has run', used, true],
    ['of a directory whose commits are damaged', damaged, false],
  ])('is told whether it resumes: %s', async (_, make, expected) => {
    const told: boolean[] = []
    const options = { createOnError: true }
    await StreamingContext.getOrCreate(await make(), ({ resuming }) => (told.push(resuming), fresh()), options)
    expect(told).toEqual([expected])
  })

  test.each([
    ['nothing', () => undefined, 'no-context-created', /it returned undefined/],
    ['a promise of something else', async () => ({}), 'no-context-created', /it returned \{\}/],
  ])('that returns %s is refused in words', async (_, create, code, says) => {
    const refused = StreamingContext.getOrCreate(await directory(), create as never)
    await expect(refused).rejects.toMatchObject({ code, message: expect.stringMatching(says) })
  })

  test.each([undefined, null, {}, 'create'])('that is no function is refused: %s', async (create) => {
    const refused = { code: 'bad-option', message: expect.stringMatching(/create must be a function/) }
    await expect(StreamingContext.getOrCreate(await directory(), create as never)).rejects.toMatchObject(refused)
    await expect(StreamingContext.getActiveOrCreate(create as never)).rejects.toMatchObject(refused)
  })
})
