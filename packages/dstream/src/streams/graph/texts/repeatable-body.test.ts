import { parse } from 'acorn'
import type { RDD } from 'dstream'
import { describe, expect, test } from 'vitest'
import type { AnyFunction } from '../../../rdd/plan/lineage.js'
import { add, byDigit, byName } from '../../../../test/threads-run.js'
import { bodyText } from './repeatable-body.js'

type Body = (rdd: RDD<number>, time: { readonly milliseconds: number }) => unknown
/** Receives the function, as `transform` would, from a function that defines a job. */
type Job = (use: (body: Body) => void, sc: Made) => void
interface Made {
  longAccumulator(): { add(n: number): void; readonly value: number }
  broadcast<T>(value: T): { readonly value: T }
  anything(): number
}

const made: Made = {
  longAccumulator: () => ({ add: () => undefined, value: 0 }),
  broadcast: (value) => ({ value }),
  anything: () => 0,
}

function reasonOf(job: Job): string | undefined {
  let body: AnyFunction | undefined
  job((f) => (body = f as AnyFunction), made)
  return bodyText({ f: body!, rdds: 1, returnsRDD: true }, job, parse).reason
}

const outside = { limit: 3 }
let changing = 1

describe('a function that another process calls as well', () => {
  test.each<[string, Job]>([
    ['steps', (use) => use((rdd) => rdd.map((n) => n + 1))],
    ['steps by name', (use) => use((rdd) => rdd.mapToPair(byName).reduceByKey(add))],
    ['a step that calls what is declared elsewhere', (use) => use((rdd) => rdd.map((n) => add(n, byName(n).length)))],
    ['a step that reads the clock, as any map may', (use) => use((rdd) => rdd.filter((n) => Date.now() > n))],
    [
      'what follows from the time',
      (use) =>
        use((rdd, { milliseconds }) => {
          const k = Math.floor(milliseconds / 1000) % 3
          if (k === 0) return rdd
          let sum = 0
          for (const n of [k, 2 * k]) sum += n
          return rdd.map((n) => n * sum)
        }),
    ],
    [
      'nested functions',
      (use) =>
        use((rdd, time) => {
          const above = (limit: number) => (n: number) => n > limit + time.milliseconds
          return rdd.filter(above(3)).map((n) => [n].map((m) => m + 1)[0])
        }),
    ],
    [
      'constants and functions of the job',
      (use) => {
        const words = new Set(['a', 'b'])
        const size = words.size + 1
        const scaled = (n: number): number => n * size
        function twice(n: number): number {
          return scaled(scaled(n))
        }
        use((rdd, time) => {
          const first = twice(time.milliseconds)
          return rdd.map((n) => twice(n) + first).filter((n) => words.has(String(n)))
        })
      },
    ],
    [
      'values that follow from the time, given to a function',
      (use) =>
        use((rdd, time) => {
          const [now, k] = [time.milliseconds, 3]
          const minute = Math.floor(time.milliseconds / 60_000)
          return rdd.map((n) => add(n, minute) + k + now)
        }),
    ],
    [
      'a variable of one call of a step',
      (use) =>
        use((rdd) =>
          rdd.map((n) => {
            let sum = 0
            for (const m of [n, n]) [m].forEach((k) => (sum += k))
            return sum
          }),
        ),
    ],
    [
      'an accumulator that a step adds to, and a broadcast',
      (use, sc) => {
        const seen = sc.longAccumulator()
        const table = sc.broadcast([1, 2])
        use((rdd) => rdd.map((n) => (seen.add(1), table.value[n % 2]!)))
      },
    ],
    [
      'functions that stay, and one for keys',
      (use) =>
        use((rdd) =>
          rdd
            .keyBy((n) => add(n, 1))
            .sortBy(([key]) => byName(key)[0])
            .mapPartitions(Array.from),
        ),
    ],
    [
      'functions whose names a compiler keeps',
      (use) => {
        const __name = <F>(f: F, _: string): F => f
        const twice = __name((n: number) => n * 2, 'twice')
        use((rdd) => {
          const scaled = __name((m: number) => (n: number) => n * m, 'scaled')
          return rdd.map(scaled(2)).map((n) => twice(n))
        })
      },
    ],
    [
      'a chain with a name, and another RDD of it',
      (use) =>
        use((rdd) => {
          const pairs = rdd.filter((n) => n > 0).mapToPair(byName)
          return pairs.reduceByKey(add).union(pairs)
        }),
    ],
  ])('%s', (_, job) => {
    expect(reasonOf(job)).toBeUndefined()
  })
})

describe('a function that stays', () => {
  test.each<[string, Job, RegExp]>([
    ['async', (use) => use(async (rdd) => Promise.resolve(rdd)), /async/],
    ['with an action', (use) => use(async (rdd) => rdd.take(await rdd.count())), /waits|async/],
    ['by chance', (use) => use((rdd) => ((k) => rdd.map((n) => n * k))(Math.random())), /Math\.random/],
    [
      'by a chance that has a name',
      (use) =>
        use((rdd) => {
          const { random } = Math
          const k = random()
          return rdd.map((n) => n * k)
        }),
      /Math/,
    ],
    ['by the clock', (use) => use((rdd) => ((now) => rdd.filter((n) => n < now))(Date.now())), /Date/],
    ['by the environment', (use) => use((rdd) => rdd.repartition(Number(process.env['N'] ?? 2))), /reads process/],
    [
      'by a function from elsewhere',
      (use) =>
        use((rdd) => {
          const k = add(1, 2)
          return rdd.map((n) => n + k)
        }),
      /declared outside/,
    ],
    ['by a key that is made elsewhere', (use) => use((rdd) => rdd.keyBy(byDigit)), /declared outside/],
    [
      'by a value from elsewhere, in a step',
      (use) => use((rdd) => rdd.filter((n) => n > outside.limit)),
      /declared outside/,
    ],
    [
      'by a function from elsewhere that an array calls',
      (use) =>
        use((rdd) => {
          const [pair] = [1].map(byName)
          return rdd.map((n) => [n, pair])
        }),
      /declared outside/,
    ],
    ['that changes what is elsewhere', (use) => use((rdd) => rdd.map((n) => (changing += n))), /changes a variable/],
    [
      'by a variable that the job changes',
      (use) => {
        let limit = 1
        use((rdd) => rdd.filter((n) => n > limit))
        limit = 2
      },
      /reads limit, which the job changes/,
    ],
    [
      'by a function of the job that reads such a variable',
      (use) => {
        const seen: number[] = []
        const isNew = (n: number): boolean => !seen.includes(n)
        use((rdd) => rdd.filter(isNew))
        use((rdd) => rdd.filter((n) => isNew(n)))
        seen.push(1)
      },
      /reads seen, which the job changes/,
    ],
    [
      'by what the job is given, or makes elsewhere',
      (use, sc) => {
        const limit = sc.anything()
        use((rdd) => rdd.filter((n) => n > limit))
      },
      /reads sc, whose value is not in the text/,
    ],
    [
      'by the value of an accumulator',
      (use, sc) => {
        const seen = sc.longAccumulator()
        use((rdd) => rdd.filter((n) => n > seen.value))
      },
      /reads the accumulator seen/,
    ],
    [
      'with a step that counts',
      (use) =>
        use((rdd) => {
          let count = 0
          return rdd.map((n) => n + count++)
        }),
      /changes count, which is outside/,
    ],
    [
      'with a step that collects',
      (use) =>
        use((rdd) => {
          const seen = new Set<number>()
          return rdd.filter((n) => !seen.has(n) && seen.add(n).size > 0)
        }),
      /changes seen, which is outside/,
    ],
    [
      'by a table that another function may change',
      (use) => {
        const counts = new Map<number, number>()
        const update = (table: Map<number, number>): unknown => table.set(1, 2)
        update(counts)
        use((rdd) => rdd.map((n) => counts.get(n)))
      },
      /reads counts, which may be changed by another name/,
    ],
    [
      'by an object that Object.assign changes',
      (use) => {
        const now = { limit: 1 }
        Object.assign(now, { limit: 2 })
        use((rdd) => rdd.filter((n) => n > now.limit))
      },
      /reads now, which may be changed by another name/,
    ],
    [
      'with a step that may change a list by another name',
      (use) =>
        use((rdd) => {
          const seen: number[] = []
          return rdd.map((n) => {
            const all = seen
            return all.push(n)
          })
        }),
      /may change seen/,
    ],
    [
      'by a broadcast of something else',
      (use, bus) => {
        const table = bus.broadcast([1])
        use((rdd) => rdd.map((n) => table.value[n]))
      },
      /reads bus/,
    ],
    [
      'with a step that uses an iterator up',
      (use) =>
        use((rdd) => {
          const all = [1, 2, 3].values()
          return rdd.flatMap(() => all)
        }),
      /keeps the iterator of values/,
    ],
    [
      'with a step that uses a generator up',
      (use) =>
        use((rdd) => {
          const all = (function* () {
            yield 1
          })()
          return rdd.flatMap(() => all)
        }),
      /has a generator/,
    ],
    [
      'with a regular expression that remembers',
      (use) =>
        use((rdd) => {
          const digits = /\d/g
          return rdd.filter((n) => digits.test(String(n)))
        }),
      /regular expression/,
    ],
    ['with a step that uses the RDD', (use) => use((rdd) => rdd.map(() => rdd.numPartitions)), /uses the RDD rdd/],
    [
      'with this',
      (use) =>
        use(function (this: unknown, rdd) {
          return rdd.map(() => String(this))
        }),
      /uses this/,
    ],
    [
      'with a method by a computed name',
      (use) => use((rdd, time) => rdd[(['distinct', 'glom'] as const)[time.milliseconds % 2]!]()),
      /computed name/,
    ],
    [
      'in the words of the machine',
      (use) => use((rdd, t) => ((s) => rdd.map(() => s))(t.milliseconds.toLocaleString())),
      /toLocaleString/,
    ],
  ])('%s', (_, job, words) => {
    expect(reasonOf(job)).toMatch(words)
  })

  test('whose text cannot be read', () => {
    expect(bodyText({ f: Math.max as AnyFunction, rdds: 1 }, undefined, parse).reason).toBe('its text cannot be read')
  })
})

type Bodies = (rdds: readonly RDD<number>[], time: { readonly milliseconds: number }) => unknown
type JobOfSeveral = (use: (body: Bodies) => void) => void

function textOfSeveral(job: JobOfSeveral) {
  let body: AnyFunction | undefined
  job((f) => (body = f as AnyFunction))
  return bodyText({ f: body!, rdds: { array: true }, returnsRDD: true }, job, parse)
}

describe('a function of an array of RDDs that another process calls as well', () => {
  test.each<[string, JobOfSeveral, readonly string[]]>([
    ['by a pattern', (use) => use(([a, b]) => a!.map((n) => add(n, 1)).union(b!)), ['map', 'union']],
    ['by a pattern with holes', (use) => use(([, b], { milliseconds: k }) => b!.filter((n) => n > k)), ['filter']],
    [
      'by indexes',
      (use) =>
        use((rdds) =>
          rdds[0]!
            .map((n) => add(n, 1))
            .union(rdds[1]!)
            .repartition(rdds.length),
        ),
      ['map', 'union', 'repartition'],
    ],
    [
      'by constants',
      (use) =>
        use((rdds) => {
          const [a, b] = rdds
          const all = rdds
          return a!.union(b!.map(byName as never)).union(all[2]!)
        }),
      ['map', 'union'],
    ],
    [
      'by map and reduce',
      (use) =>
        use((rdds, time) => {
          const scaled = rdds.map((rdd) => rdd.map((n) => add(n, time.milliseconds)))
          return scaled.reduce((a, b) => {
            return a.union(b.filter((n) => n > 0))
          })
        }),
      ['map', 'filter', 'union'],
    ],
    ['by reduce of pairs', (use) => use((rdds) => rdds.reduce((a, b) => a.union(b)).mapToPair(byName).reduceByKey(add)), ['union', 'mapToPair', 'reduceByKey']], // prettier-ignore
    ['without them', (use) => use(([a]) => a!), []],
  ])('%s', (_, job, methods) => {
    const text = textOfSeveral(job)
    expect(text.reason).toBeUndefined()
    expect(new Set(text.methods)).toEqual(new Set(methods))
  })
})

describe('a function of an array of RDDs that stays', () => {
  const other: RDD<number>[] = []
  test.each<[string, JobOfSeveral, RegExp]>([
    ['by a rest', (use) => use(([a, ...rest]) => a!.union(rest[0]!)), /the pattern of its first parameter/],
    ['by a default', (use) => use(([a = other[0]!]) => a.map((n) => n)), /the pattern of its first parameter/],
    ['by an index that is computed', (use) => use((rdds, t) => rdds[t.milliseconds % 2]!), /by other means/],
    ['by another method', (use) => use((rdds) => rdds.slice(1)[0]!.map((n) => n)), /by other means/],
    ['by another function', (use) => use((rdds) => ((all) => all[0]!)(rdds)), /by other means/],
    ['by a function that is named', (use) => use((rdds) => { const first = (a: RDD<number>) => a; return rdds.reduce(first) }), /by other means/], // prettier-ignore
    [
      'by a first value of reduce',
      (use) => use((rdds) => rdds.reduce((a, b) => a.union(b), rdds[0]!)),
      /by other means/,
    ],
    ['by a reduce to something else', (use) => use((rdds) => rdds.reduce((a, b) => [a, b] as never)), /by other means/],
    ['by a variable', (use) => use((rdds) => { let all = rdds; all = [all[0]!]; return all[0]! }), /by other means/], // prettier-ignore
    ['by a change', (use) => use((rdds) => { (rdds as unknown[])[0] = rdds[1]!; return rdds[0]! }), /changes the array/], // prettier-ignore
    ['by a sort', (use) => use((rdds) => [...(rdds as RDD<number>[]).reverse()][0]!), /changes the array/],
    ['with a step that uses an RDD', (use) => use(([a, b]) => a!.map(() => b!.id)), /a function in it uses the RDD b/],
    ['with a step that uses them', (use) => use((rdds) => rdds[0]!.map(() => rdds.length)), /uses the array of RDDs/],
    ['with a step that counts', (use) => use((rdds) => { let k = 0; return rdds.map((r) => r.map((n) => n + k++))[0]! }), /changes k, which is outside/], // prettier-ignore
    [
      'with a step that changes by another name',
      (use) =>
        use((rdds) => {
          const seen: number[] = []
          const all = rdds.map((rdd) => rdd.map((n) => add(seen as never, n)))
          return all[0]!
        }),
      /may change seen, which is outside of that function, by another name/,
    ],
    ['by chance', (use) => use(([a]) => ((k) => a!.map((n) => n * k))(Math.random())), /Math\.random/],
  ])('%s', (_, job, words) => {
    expect(textOfSeveral(job).reason).toMatch(words)
  })
})
