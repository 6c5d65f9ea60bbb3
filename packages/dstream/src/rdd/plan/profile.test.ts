import { expect, test } from 'vitest'
import { RDDContext } from '../rdd-context.js'
import type { Slice } from '../../base/ports.js'
import { Profile } from './profile.js'

function clock() {
  let now = 0
  return { now: () => now, pass: (ms: number) => void (now += ms) }
}

test('time inside of another measured part counts once, for the inner one', async () => {
  const { now, pass } = clock()
  const profile = new Profile(now)
  await profile.around('outer', async () => {
    pass(1)
    void profile.around('inner', () => pass(10))
    await Promise.resolve()
    pass(2)
    await profile.around('inner', async () => pass(20))
  })
  expect(Object.fromEntries(profile.take())).toEqual({ outer: { ms: 3 }, inner: { ms: 30 } })
  expect(profile.take().size).toBe(0)
})

test('a call that fails is measured, and fails', async () => {
  const { now, pass } = clock()
  const profile = new Profile(now)
  const failing = (): never => {
    pass(5)
    throw new Error('away')
  }
  expect(() => profile.around('a', failing)).toThrow('away')
  await expect(profile.around('b', async () => failing())).rejects.toThrow('away')
  expect(Object.fromEntries(profile.take())).toEqual({ a: { ms: 5 }, b: { ms: 5 } })
})

test('a pause counts for none', async () => {
  const { now, pass } = clock()
  const profile = new Profile(now)
  const slice: Slice = { size: 7, pause: () => Promise.resolve().then(() => pass(100)) }
  const yielder = profile.yielder({ begin: () => slice })
  await profile.around('a', async () => {
    pass(1)
    await yielder.begin().pause()
    pass(2)
  })
  expect(profile.take().get('a')).toEqual({ ms: 3 })
  expect(yielder.begin().size).toBe(7)
})

test.each(['auto', false] as const)('a loop counts for its last operator, generated: %s', async (codegen) => {
  const { now, pass } = clock()
  const profile = new Profile(now)
  const yielder = { begin: (): Slice => ({ size: 2, pause: () => undefined }) }
  const sc = new RDDContext({ runtime: { profile, codegen, yielder } })
  const slow = <T>(value: T, ms: number): T => {
    pass(ms)
    return value
  }
  const words = sc.parallelize(['a', 'b', 'a'], { numPartitions: 2 }).label('source', 1)
  const pairs = words.map((word) => slow([word, 1] as [string, number], 10)).label('map', 1)
  const sums = pairs.reduceByKey((a, b) => slow(a + b, 100)).label('sums', 1)
  const doubled = sums.mapValues((n) => slow(n * 2, 1)).label('doubled', 1)
  expect(await doubled.collect()).toEqual([
    ['a', 4],
    ['b', 2],
  ])
  expect(Object.fromEntries(profile.take())).toEqual({
    source: { ms: 0, loop: 'sums' },
    map: { ms: 0, loop: 'sums' },
    sums: { ms: 130 },
    doubled: { ms: 2 },
  })
})

test('a cached step and its first reader are two loops', async () => {
  const { now, pass } = clock()
  const profile = new Profile(now)
  const sc = new RDDContext({ runtime: { profile } })
  const cached = sc
    .parallelize([1, 2, 3])
    .map((n) => (pass(10), n))
    .cache()
    .label('cached', 1)
  const read = cached.filter((n) => (pass(1), n > 1)).label('read', 1)
  expect(await read.count()).toBe(2)
  expect(Object.fromEntries(profile.take())).toEqual({ cached: { ms: 30 }, read: { ms: 3 } })
  expect(await read.count()).toBe(2)
  expect(Object.fromEntries(profile.take())).toEqual({ read: { ms: 3 } })
})

test('partitions that a function makes count for it, with what it waits for', async () => {
  const { now, pass } = clock()
  const profile = new Profile(now)
  const sc = new RDDContext({ runtime: { profile } })
  const asked = sc.parallelize([1, 2]).label('source', 1)
  const answers = asked.mapAsync(async (n) => (await Promise.resolve(), pass(5), n)).label('ask', 1)
  expect(await answers.collect()).toEqual([1, 2])
  expect(profile.take().get('ask')!.ms).toBe(10)
})
