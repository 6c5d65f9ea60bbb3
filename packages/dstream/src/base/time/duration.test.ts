import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { checkPositiveDuration, Duration, durationOf, isDuration, Milliseconds, Minutes, Seconds } from './duration.js'

const ms = fc.integer({ min: -1e12, max: 1e12 })
function code(value: string) {
  return expect.objectContaining({ code: value })
}

describe('making one', () => {
  test.each([
    [Milliseconds(5), 5],
    [Seconds(30), 30_000],
    [Seconds(0.5), 500],
    [Seconds(1.001), 1001],
    [Seconds(0.07), 70],
    [Minutes(2), 120_000],
    [Minutes(0.001), 60],
    [Minutes(-1), -60_000],
    [new Duration(-0), 0],
  ])('%s is %d ms', (duration, expected) => {
    expect(Object.is(duration.milliseconds, expected)).toBe(true)
  })

  test.each([NaN, Infinity, -Infinity, 1.5, 2 ** 53, '5' as unknown as number, undefined as unknown as number])(
    '%s is refused as milliseconds',
    (value) => {
      expect(() => new Duration(value)).toThrow(code('bad-milliseconds'))
      expect(() => Milliseconds(value)).toThrow('whole number of milliseconds')
    },
  )

  test('a fraction of a millisecond is refused', () => {
    expect(() => Seconds(0.0015)).toThrow(code('bad-milliseconds'))
    expect(() => Milliseconds(333).times(0.5)).toThrow(code('bad-milliseconds'))
  })

  test('every whole number of milliseconds can be said in seconds and in minutes', () => {
    fc.assert(
      fc.property(ms, (n) => {
        expect(Seconds(n / 1000).milliseconds).toBe(n)
        expect(Minutes(n / 60_000).milliseconds).toBe(n)
      }),
    )
  })

  test('it cannot be changed', () => {
    expect(() => ((Seconds(1) as { milliseconds: number }).milliseconds = 2)).toThrow(TypeError)
  })
})

describe('arithmetic and comparison are those of the milliseconds', () => {
  test('for all', () => {
    fc.assert(
      fc.property(ms, ms, fc.integer({ min: -1000, max: 1000 }), (x, y, n) => {
        const [a, b] = [Milliseconds(x), Milliseconds(y)]
        expect(a.plus(b).milliseconds).toBe(x + y)
        expect(a.minus(b).milliseconds).toBe(x - y)
        expect(a.times(n).milliseconds).toBe(x * n + 0)
        expect(a.div(b)).toBe(x / y)
        expect(a.less(b)).toBe(x < y)
        expect(a.lessEq(b)).toBe(x <= y)
        expect(a.greater(b)).toBe(x > y)
        expect(a.greaterEq(b)).toBe(x >= y)
        expect(a < b).toBe(x < y)
        expect(a.equals(b)).toBe(x === y)
        expect(a.min(b).milliseconds).toBe(Math.min(x, y))
        expect(a.max(b).milliseconds).toBe(Math.max(x, y))
        expect(a.isZero()).toBe(x === 0)
      }),
    )
  })

  test('a multiple is one, and one more is none', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 1e6 }), fc.integer({ min: -1e5, max: 1e5 }), (step, n) => {
        expect(Milliseconds(step * n).isMultipleOf(Milliseconds(step))).toBe(true)
        expect(Milliseconds(step * n + 1).isMultipleOf(Milliseconds(step))).toBe(false)
      }),
    )
  })

  test('zero and negative steps are refused where Spark divides by zero', () => {
    expect(() => Seconds(1).isMultipleOf(Seconds(0))).toThrow(code('duration-not-positive'))
    expect(() => Seconds(1).isMultipleOf(Seconds(-1))).toThrow(code('duration-not-positive'))
  })

  test('equals is false for anything else', () => {
    expect([1000, '1000 ms', null, undefined, {}].map((other) => Seconds(1).equals(other))).toEqual(
      Array(5).fill(false),
    )
  })
})

describe('text', () => {
  test.each([
    [Milliseconds(0), '0 ms', '0 ms', '0'],
    [Milliseconds(999), '999 ms', '999 ms', '999'],
    [Milliseconds(2500), '2500 ms', '2.5 s', '2500'],
    [Milliseconds(1450), '1450 ms', '1.5 s', '1450'],
    [Milliseconds(1050), '1050 ms', '1.0 s', '1050'],
    [Seconds(90), '90000 ms', '1.5 m', '90000'],
    [Minutes(135), '8100000 ms', '2.25 h', '8100000'],
    [Seconds(-5), '-5000 ms', '-5000 ms', '-5000'],
  ])('%s', (duration, string, pretty, formatted) => {
    expect(String(duration.toString())).toBe(string)
    expect(`${duration.prettyPrint()}`).toBe(pretty)
    expect(duration.toFormattedString()).toBe(formatted)
    expect(JSON.stringify({ duration })).toBe(`{"duration":${formatted}}`)
  })
})

describe('where a Duration is expected', () => {
  test('a bare number is told what to become', () => {
    expect(() => durationOf('window', 30)).toThrow(code('not-a-duration'))
    expect(() => durationOf('window', 30)).toThrow('window: 30 is not a Duration; use Seconds(30)')
    expect(() => Seconds(1).plus(5 as unknown as Duration)).toThrow('use Seconds(5)')
  })

  test.each([undefined, null, '30', {}, { milliseconds: 5 }])('%s is refused', (value) => {
    expect(() => durationOf('window', value)).toThrow(code('not-a-duration'))
    expect(() => checkPositiveDuration('window', value)).toThrow(code('not-a-duration'))
  })

  test('a positive one is given back, others are refused', () => {
    const one = Milliseconds(1)
    expect(checkPositiveDuration('window', one)).toBe(one)
    expect(() => checkPositiveDuration('window', Seconds(0))).toThrow('window: 0 ms')
    expect(() => checkPositiveDuration('window', Seconds(-1))).toThrow(code('duration-not-positive'))
  })
})

test('a Duration of another copy of the library is one', async () => {
  vi.resetModules()
  const other = await import('./duration.js')
  expect(other.Duration).not.toBe(Duration)
  expect(other.Seconds(1)).toBeInstanceOf(Duration)
  expect(isDuration(other.Seconds(1))).toBe(true)
  expect(Seconds(1).equals(other.Seconds(1))).toBe(true)
  expect(Seconds(1).plus(other.Seconds(1)).milliseconds).toBe(2000)
  expect([{}, null, 5, 'x'].some((value) => value instanceof Duration)).toBe(false)
})
