import { parse } from 'acorn'
import { describe, expect, test } from 'vitest'
import { writesOutside } from './outside-writes.js'

type F = (...args: any[]) => unknown

let seen = 0
const totals = { sum: 0 }
const list: unknown[] = []
const stops = new Set(['a'])
const rates = new Map([['a', 2]])
const suffix = '!'

class Counter {
  n = 0
  count(x: number): number {
    this.n++
    return x
  }
  static double(x: number): number {
    return x * 2
  }
}

describe('a function that changes nothing outside of it', () => {
  test.each<[string, F]>([
    ['an expression', (x: number) => x * 2],
    ['reads of outside', (w: string) => (stops.has(w) ? suffix : w + rates.get(w))],
    ['variables of its own', (text: string) => {
        let n = 0
        for (const c of text) if (c === 'a') n++
        return n
      }], // prettier-ignore
    ['its own array', (text: string) => {
        const all: string[] = []
        all.push(text)
        return all
      }], // prettier-ignore
    ['its argument', (a: { n: number }, b: { n: number }) => {
        a.n += b.n
        return a
      }], // prettier-ignore
    ['a destructured argument', ({ n }: { n: number }, [first, ...rest]: number[]) => {
        n += first!
        rest.push(n)
        return rest
      }], // prettier-ignore
    ['an inner function', (xs: number[]) => {
        const add = (a: number, b: number): number => (a += b)
        return xs.reduce(add)
      }], // prettier-ignore
    ['a sorted copy', (xs: number[]) => [...xs].sort()],
    ['a generator', function* (text: string) {
        for (const word of text.split(' ')) yield word
      }], // prettier-ignore
    ['a method', Counter.double],
    ['a function of the language', Math.max],
  ])('%s', (_, f) => expect(writesOutside(f, parse)).toBe(false))
})

describe('a function that changes a variable outside of it', () => {
  test.each<[string, F]>([
    ['a counter', (x: number) => (seen++, x)],
    ['an assignment', (x: number) => (seen = x)],
    ['a property', (x: number) => (totals.sum += x)],
    ['a place', (x: number) => (list[x] = x)],
    ['a destructuring', (x: number[]) => ([seen] = x as [number])],
    ['delete', (x: { n: number }) => delete (globalThis as Record<string, unknown>)[x.n]],
    ['an array', (x: number) => list.push(x)],
    ['a set', (x: string) => !stops.has(x) && stops.add(x)],
    ['an inner function', (xs: number[]) => xs.map((x) => (totals.sum += x))],
    ['this', new Counter().count],
    ['a bound function', new Counter().count.bind(new Counter())],
  ])('%s', (_, f) => {
    expect(writesOutside(f, parse)).toBe(true)
    expect(seen).toBe(0)
  })
})
