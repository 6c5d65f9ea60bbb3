import { parse } from 'acorn'
import { Seconds, type RDD, type Time } from 'dstream'
import { TestContext } from 'dstream/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { usesOnce } from './single-use.js'

type Numbers = RDD<number>
type F = (...args: any[]) => unknown

const seen: unknown[] = []
const helper = (rdd: Numbers): unknown => rdd
const limit = 3

describe('a function that evaluates its RDD at most once', () => {
  test.each<[string, F]>([
    ['one action', (rdd: Numbers) => rdd.count()],
    ['a function expression', async function (rdd: Numbers) {
        seen.push(await rdd.collect())
      }], // prettier-ignore
    ['a method', {
        async run(rdd: Numbers) {
          seen.push(await rdd.collect())
        },
      }.run], // prettier-ignore
    ['steps, then an action', (rdd: Numbers) => rdd.map((x) => x + 1).filter((x) => x > limit).reduce((a, b) => a + b)], // prettier-ignore
    ['a loop over its result', async (rdd: Numbers) => {
        for (const x of await rdd.take(3)) seen.push(x)
      }], // prettier-ignore
    ['the start of a loop', async (rdd: Numbers) => {
        for (let i = await rdd.count(); i > 0; i--) seen.push(i)
      }], // prettier-ignore
    ['one action under a condition', async (rdd: Numbers, time: Time) => {
        if (time.milliseconds > 0) seen.push(await rdd.collect())
      }], // prettier-ignore
    ['what is known without evaluating it', (rdd: Numbers) => [rdd.id, rdd.numPartitions, rdd.getNumPartitions(), rdd.count()]], // prettier-ignore
    ['another RDD of its context', (rdd: Numbers) => rdd.union(rdd.context.parallelize([1])).count()],
    ['no use of it', (_rdd: Numbers) => seen.push(1)],
    ['no parameter', () => seen.push(1)],
    ['an optional call', (rdd: Numbers) => rdd?.count()],
    ['a property of the same name', (rdd: Numbers) => seen.push({ rdd: 1 }, { other: rdd.count() }, (seen as any).rdd)],
  ])('%s', (_, f) => {
    expect(usesOnce({ f, rdds: 1 }, parse)).toBe(true)
  })
})

describe('a function that may evaluate its RDD twice, or whose text is not understood', () => {
  test.each<[string, F]>([
    ['two actions', async (rdd: Numbers) => [await rdd.count(), await rdd.collect()]],
    ['either of two actions', (rdd: Numbers) => (limit > 2 ? rdd.count() : rdd.collect())],
    ['a loop', async (rdd: Numbers) => {
        for (let i = 0; i < 2; i++) await rdd.count()
      }], // prettier-ignore
    ['the condition of a loop', async (rdd: Numbers) => {
        while ((await rdd.count()) > 9) seen.push(1)
      }], // prettier-ignore
    ['the body of a loop over something else', async (rdd: Numbers) => {
        for (const x of [1, 2]) seen.push(x, await rdd.count())
      }], // prettier-ignore
    ['an inner function', (rdd: Numbers) => Promise.all([1, 2].map(() => rdd.count()))],
    ['a method of an object in it', (rdd: Numbers) => ({ look: () => rdd.count() })],
    ['an accessor', (rdd: Numbers) => ({
        get n() {
          return rdd.count()
        },
      })], // prettier-ignore
    ['a call with it', (rdd: Numbers) => helper(rdd)],
    ['another name for it', (rdd: Numbers) => {
        const same = rdd
        return Promise.all([same.count(), same.count()])
      }], // prettier-ignore
    ['a name for what is made of it', (rdd: Numbers) => {
        const mapped = rdd.map((x) => x)
        return Promise.all([mapped.count(), mapped.count()])
      }], // prettier-ignore
    ['a step whose result is returned to nobody', (rdd: Numbers) => rdd.map((x) => x)],
    ['an assignment to it', (rdd: Numbers) => {
        rdd = rdd.map((x) => x)
        return rdd.count()
      }], // prettier-ignore
    ['a shorthand property', (rdd: Numbers) => seen.push({ rdd })],
    ['a computed property', (rdd: Numbers) => rdd['count']()],
    ['an action that reads twice', (rdd: Numbers) => rdd.histogram(3)],
    ['a step that reads twice', (rdd: Numbers) => rdd.cartesian(rdd.context.parallelize([1, 2])).count()],
    ['an object that is no RDD', (rdd: Numbers) => (seen as any).join(rdd).count()],
    ['its arguments', function (rdd: Numbers) {
        // eslint-disable-next-line prefer-rest-params
        return [rdd.count(), arguments[0].count()]
      }], // prettier-ignore
    ['eval', (rdd: Numbers) => [rdd.count(), eval('1')]],
    ['a default', (rdd: Numbers = seen as never) => rdd.count()],
    ['a rest parameter', (...rdds: Numbers[]) => rdds[0]!.count()],
    ['a pattern', ({ count }: Numbers) => count()],
    ['a generator', function* (rdd: Numbers) {
        yield rdd.count()
      }], // prettier-ignore
    ['a bound function', ((rdd: Numbers) => rdd.count()).bind(undefined)],
    ['a native function', Math.max],
    ['a class', class {} as never],
  ])('%s', (_, f) => {
    expect(usesOnce({ f, rdds: 1 }, parse)).toBe(false)
  })
})

describe('a function that returns an RDD, and one of several RDDs', () => {
  test.each<[string, F, number, boolean]>([
    ['steps', (rdd: Numbers) => rdd.map((x) => x + 1).sortBy((x) => x), 1, true],
    ['steps in a return statement', (rdd: Numbers) => {
        return rdd.map((x) => x + 1)
      }, 1, true], // prettier-ignore
    ['the RDD itself', (rdd: Numbers) => rdd, 1, true],
    ['a step whose result has a name', (rdd: Numbers) => {
        const mapped = rdd.map((x) => x)
        return mapped.union(mapped)
      }, 1, false], // prettier-ignore
    ['a step in an argument', (rdd: Numbers) => helper(rdd.map((x) => x)), 1, false],
    ['a step whose result has a name, once', (rdd: Numbers) => {
        const mapped = rdd.map((x) => x)
        const sorted = mapped.sortBy((x) => x)
        return sorted.map(String)
      }, 1, true], // prettier-ignore
    ['a join of named ones', (a: any, b: any) => {
        const left = a.mapValues(String)
        const right = b.keys()
        return left.join(right)
      }, 2, true], // prettier-ignore
    ['a name that is used in a step', (a: any, b: any) => {
        const right = b.keys()
        return a.map(() => right.count())
      }, 2, false], // prettier-ignore
    ['a name that is used in a loop', (rdd: any) => {
        const mapped = rdd.keys()
        for (const x of seen) mapped.foreach(x)
        return rdd.context.emptyRDD()
      }, 1, false], // prettier-ignore
    ['a name that is returned in an object', (rdd: any) => {
        const mapped = rdd.keys()
        return { mapped }
      }, 1, false], // prettier-ignore
    ['a name that is given to a function', (rdd: any) => {
        const mapped = rdd.keys()
        return helper(mapped)
      }, 1, false], // prettier-ignore
    ['two names for one', (rdd: any) => {
        const one = rdd
        const two = rdd.keys()
        return one.union(two)
      }, 1, false], // prettier-ignore
    ['a variable', (rdd: any) => {
        let mapped = rdd.keys()
        for (const x of seen) mapped = mapped.map(x)
        return mapped
      }, 1, false], // prettier-ignore
    ['a pattern of it', (rdd: any) => {
        const { node } = rdd.keys()
        return node
      }, 1, false], // prettier-ignore
    ['a join, in place', (a: any, b: any) => a.mapValues(String).join(b.keys(), {}).values(), 2, true],
    ['a join of one with itself', (a: any, b: any) => a.join(a).join(b), 2, false],
    ['the second in a loop', (a: any, b: any) => {
        for (const x of seen) b.foreach(x)
        return a.map(String)
      }, 2, false], // prettier-ignore
    ['a cartesian product', (a: any, b: any) => a.cartesian(b), 2, false],
    ['an array of RDDs', ([a, b]: any[]) => a.join(b), 2, false],
  ])('%s', (_, f, rdds, expected) => {
    expect(usesOnce({ f, rdds, returnsRDD: true }, parse)).toBe(expected)
  })
})

describe('a function of an array of RDDs', () => {
  test.each<[string, F, boolean]>([
    ['a pattern', ([a, b]: any[]) => a.join(b), true],
    ['a pattern with a hole', ([, b]: any[]) => b.map(String), true],
    ['indexes', (rdds: any[]) => rdds[0].map(String).union(rdds[1]), true],
    ['its length', (rdds: any[]) => rdds[0].coalesce(rdds.length), true],
    ['a constant pattern', (rdds: any[]) => {
        const [a, b] = rdds
        return a.join(b.keys())
      }, true], // prettier-ignore
    ['a union of all', (rdds: any[]) => rdds.reduce((a, b) => a.union(b)), true],
    ['a union of all, mapped', (rdds: any[]) => rdds.reduce((a, b) => a.union(b.keys())).map(String), true],
    ['none of them', () => seen[0], true],
    ['one of them twice', ([a, b]: any[]) => a.join(b).union(a), false],
    ['an index twice', (rdds: any[]) => rdds[0].join(rdds[0]), false],
    ['an index that is computed', (rdds: any[]) => rdds[seen.length].union(rdds[1]), false],
    ['an index in a step', (rdds: any[]) => rdds[0].map(() => rdds[1].count()), false],
    ['another name', (rdds: any[]) => helper(rdds as never), false],
    ['a rest', ([a, ...others]: any[]) => a.union(others[0]), false],
    ['a constant pattern of which one is used twice', (rdds: any[]) => {
        const [a] = rdds
        return a.join(a)
      }, false], // prettier-ignore
    ['a variable pattern', (rdds: any[]) => {
        let [a] = rdds
        a = a.distinct()
        return a.keys()
      }, false], // prettier-ignore
    ['a pattern beside an index', (rdds: any[]) => {
        const [a] = rdds
        return a.join(rdds[0])
      }, false], // prettier-ignore
    ['a union of all with one more', (rdds: any[]) => rdds.reduce((a, b) => a.union(b).union(rdds[0])), false],
    ['a union of each twice', (rdds: any[]) => rdds.reduce((a, b) => a.union(b).union(b)), false],
    ['a union from a first', (rdds: any[]) => rdds.reduce((a, b) => a.union(b), rdds[0]), false],
    ['an action in reduce', (rdds: any[]) => rdds.reduce((a, b) => (b.count(), a)), false],
    ['a function of reduce that waits', (rdds: any[]) => rdds.reduce(async (a, b) => a.union(b)), false],
  ])('%s', (_, f, expected) => {
    expect(usesOnce({ f, rdds: { array: true }, returnsRDD: true }, parse)).toBe(expected)
  })
})

describe('an RDD that is a property of the first parameter', () => {
  class Sink {
    readonly #records: unknown[] = []
    async pattern({ rdd }: { rdd: Numbers }) {
      this.#records.push(await rdd.collect())
    }
    async member(batch: { rdd: Numbers; time: Time }) {
      this.#records.push(batch.time, await batch.rdd.collect())
    }
    async twice({ rdd }: { rdd: Numbers }) {
      this.#records.push(await rdd.count(), await rdd.collect())
    }
    async membersTwice(batch: { rdd: Numbers }) {
      this.#records.push(await batch.rdd.count(), await batch.rdd.collect())
    }
    async handsOn(batch: { rdd: Numbers }) {
      this.#records.push(batch)
    }
    async rest({ ...rest }: { rdd: Numbers }) {
      this.#records.push(await rest.rdd.count(), await rest.rdd.count())
    }
    async renamed({ rdd: records }: { rdd: Numbers }) {
      this.#records.push(await records.collect())
    }
    async none() {
      this.#records.push(1)
    }
  }
  test.each<[keyof Sink, boolean]>([
    ['pattern', true],
    ['member', true],
    ['twice', false],
    ['membersTwice', false],
    ['handsOn', false],
    ['rest', false],
    ['renamed', true],
    ['none', true],
  ])('%s', (name, expected) => {
    expect(usesOnce({ f: Sink.prototype[name], rdds: 'rdd' }, parse)).toBe(expected)
  })
})

test('a text that is too deep for the parser proves nothing', () => {
  const f = new Function('rdd', `return rdd.map(() => ${'1 + '.repeat(20_000)} 1).count()`) as F
  expect(usesOnce({ f, rdds: 1 }, parse)).toBe(false)
})

type Output = (rdd: Numbers) => Promise<unknown>
const outputs: readonly [string, Output][] = [
  ['nothing', async () => undefined],
  ['one action', (rdd) => rdd.count()],
  ['one action that reads a part', (rdd) => rdd.take(1)],
  ['two actions, one after the other', async (rdd) => [await rdd.count(), await rdd.collect()]],
  ['two actions at once', (rdd) => Promise.all([rdd.count(), rdd.collect()])],
  ['an action on each of two steps', (rdd) => Promise.all([rdd.map(String).count(), rdd.filter(Boolean).count()])],
  ['an action in another function', async (rdd) => helper(rdd)],
  ['an action in a loop', async (rdd) => {
      for (let i = 0; i < 2; i++) await rdd.count()
    }], // prettier-ignore
]

test('whatever the outputs of a stream do, no function above them sees a record twice', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.integer(), { maxLength: 5 }), { minLength: 1, maxLength: 3 }),
      fc.array(fc.constantFrom(...outputs), { minLength: 1, maxLength: 3 }),
      fc.array(fc.constantFrom(...outputs), { maxLength: 2 }),
      async (batches, above, below) => {
        const t = new TestContext({ batchInterval: Seconds(1) })
        const calls = new Map<number, number>()
        const note = (x: readonly [number, number]): number => {
          calls.set(x[1], (calls.get(x[1]) ?? 0) + 1)
          return x[0]
        }
        let id = 0
        const mapped = t.input(batches.map((batch) => batch.map((x) => [x, id++] as const))).map(note)
        for (const [, f] of above) mapped.foreachRDD(f as never)
        if (below.length > 0) {
          const sorted = mapped.transform((rdd) => rdd.sortBy((x) => x))
          for (const [, f] of below) sorted.foreachRDD(f as never)
        }
        await t.run()
        expect(Math.max(0, ...calls.values())).toBeLessThanOrEqual(1)
      },
    ),
    { numRuns: 60 },
  )
})
