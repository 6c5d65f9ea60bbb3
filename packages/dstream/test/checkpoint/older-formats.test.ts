import { readFile } from 'node:fs/promises'
import { Seconds, Time } from 'dstream'
import { memoryStorage, type MemoryStorage } from 'dstream/storage'
import { TestContext } from 'dstream/testing'
import { expect, test } from 'vitest'
import { inspectCheckpoint } from '../../src/durable/checkpoint/inspect.js'
import { defineJob, rows, type Written } from './older-job.js'

// format-1.json and format-2.json hold checkpoints that older versions have written. This version must go on from them.

async function olderCheckpoint(format: number): Promise<MemoryStorage> {
  const path = new URL(`./format-${format}.json`, import.meta.url)
  const { files } = JSON.parse(await readFile(path, 'utf8')) as { files: Record<string, string> }
  const storage = memoryStorage()
  for (const [file, base64] of Object.entries(files)) storage.overwrite(file, Buffer.from(base64, 'base64'))
  return storage
}

function batchesOf(written: readonly Written[]): Record<string, unknown> {
  return Object.fromEntries(written.map(([output, time, records]) => [`${output} at ${time}`, records]))
}

/** Runs the whole job in one life. Returns it with what it has put out. */
async function withoutCrash(): Promise<[TestContext, readonly Written[]]> {
  const written: Written[] = []
  const t = new TestContext({ batchInterval: Seconds(1) })
  defineJob(t, { written, received: ['x', 'y', 'z'], fault: false })
  await t.run(rows.length)
  return [t, written]
}

/** What the older version had put out before its process ended. */
const before: Record<string, unknown> = batchesOf([
  ['words', 1000, ['a', 'b']],
  ['words', 3000, ['c']],
  ['lagging', 1000, [['a', 1], ['b', 1]]], // prettier-ignore
  ['received', 1000, ['x', 'y', 'z']],
])

test('a checkpoint of format 1 holds what the test is about', async () => {
  const report = await inspectCheckpoint(await olderCheckpoint(1))
  expect(report).toMatchObject({ lastCommitted: 3000, pending: [4000], warnings: [] })
  expect(report!.pendingOutputs.map(({ from }) => from)).toContain(2000)
  expect([...report!.lagging.values()]).toContain(1000)
  expect(report!.remembered.size).toBeGreaterThan(1)
  expect(report!.operators.filter(({ tables }) => tables.size > 0).length).toBeGreaterThan(2)
})

test('a job goes on from a checkpoint of format 1 as if nothing had happened', async () => {
  const [undisturbed, expected] = await withoutCrash()
  const written: Written[] = []
  const storage = await olderCheckpoint(1)
  const t = new TestContext({ batchInterval: Seconds(1), storage, startTime: new Time(4000) }, { firstMs: 1000 })
  defineJob(t, { written, received: ['x', 'y', 'z', 'new'], fault: false })
  await t.run(1)

  const found = { ...before, ...batchesOf(written) }
  const wanted = { ...batchesOf(expected), 'received at 5000': ['new'] }
  // Batches that were done before the crash are not run again.
  for (const name of Object.keys(wanted)) {
    const isOld = /at (1000|2000|3000)$/.test(name) && !/^(words|lagging|received at 1000)/.test(name)
    if (isOld) expect(Object.keys(batchesOf(written))).not.toContain(name)
    else expect([name, found[name]]).toEqual([name, wanted[name as keyof typeof wanted]])
  }
  expect(t.ssc.engine!.states()).toEqual(undisturbed.ssc.engine!.states())
  await Promise.all([t.ssc.stop(), undisturbed.ssc.stop()])
})

test('a job goes on from a checkpoint of format 2 as if nothing had happened', async () => {
  const [undisturbed, expected] = await withoutCrash()
  const written: Written[] = []
  const storage = await olderCheckpoint(2)
  expect(await inspectCheckpoint(storage)).toMatchObject({ lastCommitted: 3000, pending: [4000], warnings: [] })
  const t = new TestContext({ batchInterval: Seconds(1), storage, startTime: new Time(4000) }, { firstMs: 1000 })
  defineJob(t, { written, received: ['x', 'y', 'z'], fault: false })
  await t.run(1)

  expect(batchesOf(written)).toEqual(batchesOf(expected.filter(([, time]) => time >= 4000)))
  expect(t.ssc.engine!.states()).toEqual(undisturbed.ssc.engine!.states())
  await Promise.all([t.ssc.stop(), undisturbed.ssc.stop()])
})
