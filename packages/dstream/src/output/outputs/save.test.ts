import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Seconds } from 'dstream'
import { TestContext } from 'dstream/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dstream-save-'))
})
afterAll(() => rm(folder, { recursive: true }))

test('saveAsTextFiles: a directory per batch, a file per partition, for empty batches too', async () => {
  const t = new TestContext({ batchInterval: Seconds(1) })
  t.input<unknown>([['a', ['b', 1]], []], { numPartitions: 2 }).saveAsTextFiles(join(folder, 'words'), 'txt')
  await t.run()
  expect((await readdir(folder)).sort()).toEqual(['words-1000.txt', 'words-2000.txt'])
  expect((await readdir(join(folder, 'words-1000.txt'))).sort()).toEqual(['_SUCCESS', 'part-00000', 'part-00001'])
  expect(await readFile(join(folder, 'words-1000.txt/part-00001'), 'utf8')).toBe('(b,1)\n')
  expect(await t.ssc.sc.textFile(join(folder, 'words-1000.txt')).collect()).toEqual(['a', '(b,1)'])
})

test('saveAsObjectFiles: what is read back is equal', async () => {
  const records = [{ a: 1n, b: new Date(5) }, [undefined, -0, NaN], new Map([['k', new Set([1])]])]
  const t = new TestContext({ batchInterval: Seconds(1) })
  t.input<unknown>([records]).saveAsObjectFiles(join(folder, 'objects'))
  await t.run()
  expect(await t.ssc.sc.objectFile(join(folder, 'objects-1000')).collect()).toEqual(records)
})

test('a batch that is saved again leaves the same', async () => {
  const t = new TestContext({ batchInterval: Seconds(1) })
  const { sc } = t.ssc
  await sc.parallelize(['x', 'y', 'z'], { numPartitions: 3 }).saveAsTextFile(join(folder, 'again'))
  await sc.parallelize(['x', 'y']).saveAsTextFile(join(folder, 'again'))
  expect((await readdir(join(folder, 'again'))).sort()).toEqual(['_SUCCESS', 'part-00000'])
  expect(await sc.textFile(join(folder, 'again')).collect()).toEqual(['x', 'y'])
})
