import { List } from 'immutable'
import { expect, test } from 'vitest'
import { RDDContext } from '../rdd-context.js'
import { zeroSupply } from './zero.js'

const sc = new RDDContext()
const numbers = [[1], [2], [3]]
function addInto(sum: number[], [n]: number[]): number[] {
  sum[0]! += n!
  return sum
}

test.each([1, 2, 3])('fold may change its first argument, in %i partitions and again', async (numPartitions) => {
  const zero = [0]
  const rdd = sc.parallelize(numbers, { numPartitions })
  expect(await rdd.fold(zero, addInto)).toEqual([6])
  expect(await rdd.fold(zero, addInto)).toEqual([6])
  expect(zero).toEqual([0])
})

test.each([1, 2, 3])('foldByKey too, in %i partitions', async (numPartitions) => {
  const pairs = numbers.flatMap(([n]): [string, number[]][] => [['a', [n!]], ['b', [n! * 10]]]) // prettier-ignore
  const push = (all: number[], more: number[]): number[] => (all.push(...more), all)
  const folded = sc.parallelize(pairs, { numPartitions }).foldByKey([], push)
  expect(await folded.collect()).toEqual([['a', [1, 2, 3]], ['b', [10, 20, 30]]]) // prettier-ignore
})

const shared = { inner: [1] }
const cyclic: { self?: unknown } = {}
cyclic.self = cyclic
const data: [string, unknown][] = [
  ['arrays in objects', { a: [{ b: [1, 'x', null, undefined] }], c: new Date(5) }],
  ['Map and Set', new Map<string, unknown>([['a', new Set([1, 2])]])],
  ['typed arrays', Float64Array.of(1, 2)],
  ['no prototype', Object.assign(Object.create(null) as object, { a: 1 })],
  ['one part twice', [shared, shared]],
  ['a cycle', cyclic],
]
test.each(data)('%s are copied as they are', (_, zero) => {
  const copy = zeroSupply(zero)()
  expect(copy).toEqual(zero)
  expect(copy).not.toBe(zero)
})

test('a part that is there twice is copied once', () => {
  const [a, b] = zeroSupply([shared, shared])()
  expect(a).toBe(b)
  expect(a).not.toBe(shared)
})

class Counter {
  n = 0
}
test.each([[1], ['text'], [null], [undefined], [List([1])], [new Counter()], [add]])('%s is given as it is', (zero) => {
  expect(zeroSupply(zero)()).toBe(zero)
})

function add(a: number, b: number): number {
  return a + b
}
