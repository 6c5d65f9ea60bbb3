import { expect, test } from 'vitest'
import { RDDContext, Seconds } from '../src/index.js'
import { TestContext } from '../src/testing/index.js'

// More records and parts than a call takes arguments.

const MANY = 300_000
const records = Array.from({ length: MANY }, (_, i) => i)

test('a batch of 300,000 records is printed and given back', async () => {
  const t = new TestContext({ batchInterval: Seconds(1) })
  const stream = t.input([records])
  stream.print(MANY)
  const out = t.output(stream)
  await t.run()
  expect(t.printed).toHaveLength(MANY + 4)
  expect(t.printed.slice(1, 4)).toEqual(['Time: 1000 ms', '-------------------------------------------', '0'])
  expect(t.printed.at(-2)).toBe(String(MANY - 1))
  expect(out.batches).toEqual([records])
  await t.stop()
})

test('a batch that a test source takes at once', async () => {
  const t = new TestContext({ batchInterval: Seconds(1) })
  const { stream, push } = t.source<number>()
  for (let from = 0; from < MANY; from += 50_000) push(...records.slice(from, from + 50_000))
  const out = t.output(stream.count())
  await t.run(1)
  expect(out.batches).toEqual([[MANY]])
  await t.stop()
})

test('a union of 200,000 RDDs, with the counters of its steps', async () => {
  const sc = new RDDContext()
  const part = sc.parallelize([1])
  const united = sc.union(Array.from({ length: 200_000 }, () => part)).map((n) => n + 1)
  expect(await united.label('all', 1000).count()).toBe(200_000)
})
