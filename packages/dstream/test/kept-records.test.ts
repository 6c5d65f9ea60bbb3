import { describe, expect, test } from 'vitest'
import { copyRecord } from '../src/base/values/copy.js'
import { RDDContext } from '../src/rdd/rdd-context.js'
import type { RDD } from '../src/rdd/rdd.js'

type Reader = (rdd: RDD<any>) => Promise<unknown>

describe.each([true, false])('records that are kept, with generated code: %s', (codegen) => {
  const sc = new RDDContext({ runtime: { codegen } })

  /** The number of copies that one reader costs, once the records are kept. */
  async function copiesOf(rdd: RDD<unknown>, read: Reader): Promise<number> {
    let copies = 0
    const counting = (record: unknown): unknown => {
      copies++
      return copyRecord(record)
    }
    const kept = rdd.kept(counting, false)
    await kept.partitions()
    copies = 0
    await read(kept.handedOut())
    return copies
  }

  const two = { numPartitions: 2 }
  const numbers = () => sc.parallelize([1, 2, 3], two)
  const pairs = () => sc.parallelize<[string, number]>([['a', 1], ['b', 2], ['a', 3]], two) // prettier-ignore
  const lists = () => sc.parallelize<[string, number[]]>([['a', [1]], ['b', [2]], ['a', [3]]], two) // prettier-ignore
  const objects = () => sc.parallelize([{ n: 1 }, { n: 2 }, { n: 3 }], two)
  const nested = () => sc.parallelize([{ n: [1] }, { n: [2] }, { n: [3] }], two)
  const mixed = () => sc.parallelize([{ n: 1 }, 2, { n: 3 }], { numPartitions: 1 })
  const push = (a: number[], b: number[]) => [...a, ...b]

  test.each<[string, () => RDD<unknown>, Reader, number]>([
    ['numbers', numbers, (rdd) => rdd.map((n) => n).collect(), 0],
    ['numbers and strings', () => sc.parallelize([1, 'a', null]), (rdd) => rdd.collect(), 0],
    ['pairs of such, reduced', pairs, (rdd) => rdd.reduceByKey((a: number, b: number) => a + b).collect(), 0],
    ['their values', pairs, (rdd) => rdd.mapValues((n) => n).collect(), 0],
    ['a table of such', () => pairs().reduceByKey((a, b) => a + b), (rdd) => rdd.reduceByKey((a) => a).collect(), 0],
    ['pairs, as records, which the loop copies', pairs, (rdd) => rdd.map((pair) => pair).collect(), 0],
    ['values that are objects', lists, (rdd) => rdd.reduceByKey(push).collect(), 3],
    ['a table of objects', () => lists().reduceByKey(push), (rdd) => rdd.mapValues((list) => list).collect(), 2],
    ['objects of numbers, which the loop copies', objects, (rdd) => rdd.collect(), 0],
    ['objects among numbers', mixed, (rdd) => rdd.collect(), 2],
    ['objects that hold others', nested, (rdd) => rdd.collect(), 3],
    ['such objects, the first two of them', nested, (rdd) => rdd.take(2), 2],
    ['such objects, of which only the number is asked for', nested, (rdd) => rdd.count(), 0],
  ])('%s cost as many copies as can be changed', async (_, records, read, copies) => {
    expect(await copiesOf(records(), read)).toBe(copies)
  })

  test.each<[string, () => RDD<any>, (record: any) => unknown]>([
    ['an object', objects, (record) => (record.n = 9)],
    ['an object that holds another', nested, (record) => record.n.push(9)],
    ['an object among numbers', mixed, (record) => typeof record === 'object' && (record.n = 9)],
    ['a pair', pairs, (pair) => (pair[1] = 9)],
    ['the value of a pair', lists, (pair) => pair[1].push(9)],
    ['the value of a pair in a table', () => lists().reduceByKey(push), (pair) => pair[1].push(9)],
  ])('%s that a reader changes stays what it was for the next', async (_, records, change) => {
    const kept = records().kept(copyRecord, false)
    const before = await records().collect()
    for (let reader = 0; reader < 3; reader++) {
      expect(await kept.handedOut().collect()).toEqual(before)
      await kept.handedOut().foreach((record) => void change(record))
    }
  })

  test('what the program made is copied once, and its later changes are not seen', async () => {
    const given = [{ n: 1 }, { n: 2 }]
    const kept = sc.parallelize(given).kept(copyRecord, false)
    await kept.partitions()
    given[0]!.n = 9
    expect(await kept.handedOut().collect()).toEqual([{ n: 1 }, { n: 2 }])
  })

  test('an array that the program fills again stays what it was', async () => {
    const given: unknown[] = [1, 2]
    const kept = sc.parallelize(given).kept(copyRecord, false)
    await kept.partitions()
    given[0] = { n: 9 }
    expect(await kept.handedOut().collect()).toEqual([1, 2])
  })

  test('a pair keeps what it has beside its items, for every reader', async () => {
    const match = () => 'ab'.match(/(a)/)!
    const kept = sc.parallelize([['a', 'b'], match()]).kept(copyRecord, false)
    for (let reader = 0; reader < 3; reader++) {
      const [, copy] = (await kept.handedOut().collect()) as RegExpMatchArray[]
      expect([[...copy!], copy!.index, copy!.input]).toEqual([['a', 'a'], 0, 'ab'])
    }
  })

  test('an object keeps its getter, its symbol and what it holds under __proto__, for every reader', async () => {
    const mark = Symbol('mark')
    const given = [{ n: 1, get twice() { return 2 } }, { n: 1, [mark]: 3 }, JSON.parse('{"__proto__":4}')] // prettier-ignore
    const kept = sc.parallelize<any>(given, { numPartitions: 3 }).kept(copyRecord, false)
    for (let reader = 0; reader < 3; reader++) {
      const [a, b, c] = await kept.handedOut().collect()
      expect([a.twice, b[mark], Object.entries(c)]).toEqual([2, 3, [['__proto__', 4]]])
    }
  })

  test('partitions, partitioner and names stay those of the parent', async () => {
    const reduced = pairs().reduceByKey((a, b) => a + b, { numPartitions: 3 })
    const handed = reduced.kept(copyRecord, false).handedOut()
    expect([handed.numPartitions, handed.partitioner]).toEqual([3, reduced.partitioner])
    const failing = sc
      .parallelize([{ n: 1 }])
      .kept(copyRecord, false)
      .handedOut() as RDD<any>
    await expect(failing.reduceByKey((a: unknown) => a).collect()).rejects.toThrow('reduceByKey works on pairs')
  })

  test('an RDD that is not kept is handed out as it is', () => {
    const rdd = numbers()
    expect(rdd.handedOut()).toBe(rdd)
  })
})
