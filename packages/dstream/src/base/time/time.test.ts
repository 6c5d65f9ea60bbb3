import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { Duration, Milliseconds, Seconds } from './duration.js'
import { isTime, Time, timeOf } from './time.js'

const ms = fc.integer({ min: -1e12, max: 1e12 })
const step = fc.integer({ min: 1, max: 1e6 })
function code(value: string) {
  return expect.objectContaining({ code: value })
}

describe('arithmetic and comparison are those of the milliseconds', () => {
  test('for all', () => {
    fc.assert(
      fc.property(ms, ms, (x, y) => {
        const [a, b] = [new Time(x), new Time(y)]
        expect(a.plus(Milliseconds(y)).milliseconds).toBe(x + y)
        expect(a.minus(Milliseconds(y))).toEqual(new Time(x - y))
        expect(a.minus(b)).toBeInstanceOf(Duration)
        expect(a.minus(b).milliseconds).toBe(x - y)
        expect(b.plus(a.minus(b))).toEqual(a)
        expect(a.less(b)).toBe(x < y)
        expect(a.lessEq(b)).toBe(x <= y)
        expect(a.greater(b)).toBe(x > y)
        expect(a.greaterEq(b)).toBe(x >= y)
        expect(a > b).toBe(x > y)
        expect(a.equals(b)).toBe(x === y)
        expect(a.min(b).milliseconds).toBe(Math.min(x, y))
        expect(a.max(b).milliseconds).toBe(Math.max(x, y))
      }),
    )
  })

  test('a Time is no Duration, though both are milliseconds', () => {
    expect(new Time(1000).equals(Seconds(1))).toBe(false)
    expect(new Time(1000)).not.toBeInstanceOf(Duration)
    expect(() => new Time(0).plus(new Time(1) as unknown as Duration)).toThrow(code('not-a-duration'))
  })
})

describe('floor', () => {
  test('is the last time on the grid that is not later', () => {
    fc.assert(
      fc.property(ms, step, ms, (x, d, zero) => {
        const floor = new Time(x).floor(Milliseconds(d), new Time(zero)).milliseconds
        expect(floor).toBeLessThanOrEqual(x)
        expect(x - floor).toBeLessThan(d)
        expect(new Time(floor - zero).isMultipleOf(Milliseconds(d))).toBe(true)
        expect(new Time(floor).floor(Milliseconds(d), new Time(zero)).milliseconds).toBe(floor)
      }),
    )
  })

  test.each([
    [2500, 1000, 0, 2000],
    [2000, 1000, 0, 2000],
    [2500, 1000, 300, 2300],
    [-1, 1000, 0, -1000],
  ])('%d by %d from %d is %d', (x, d, zero, expected) => {
    expect(new Time(x).floor(Milliseconds(d), new Time(zero)).milliseconds).toBe(expected)
  })

  test('is counted from the epoch where no zero is given', () => {
    expect(new Time(2999).floor(Seconds(1))).toEqual(new Time(2000))
  })
})

describe('until and to', () => {
  test('are the loop that one would write', () => {
    const small = fc.integer({ min: -500, max: 500 })
    fc.assert(
      fc.property(small, small, fc.integer({ min: 1, max: 100 }), (from, to, d) => {
        const until: number[] = []
        for (let t = from; t < to; t += d) until.push(t)
        const included: number[] = []
        for (let t = from; t <= to; t += d) included.push(t)
        expect(new Time(from).until(new Time(to), Milliseconds(d)).map(Number)).toEqual(until)
        expect(new Time(from).to(new Time(to), Milliseconds(d)).map(Number)).toEqual(included)
      }),
    )
  })
})

test.each([Seconds(0), Seconds(-1)])('a step of %s is refused everywhere', (d) => {
  const [a, b] = [new Time(0), new Time(10)]
  const refused = code('duration-not-positive')
  expect(() => a.floor(d)).toThrow(refused)
  expect(() => a.isMultipleOf(d)).toThrow(refused)
  expect(() => a.until(b, d)).toThrow(refused)
  expect(() => a.to(b, d)).toThrow(refused)
})

test('text and JSON', () => {
  expect(new Time(1_600_000_000_000).toString()).toBe('1600000000000 ms')
  expect(JSON.stringify([new Time(5)])).toBe('[5]')
})

test.each([NaN, Infinity, 0.5, '5' as unknown as number])('%s is refused as milliseconds', (value) => {
  expect(() => new Time(value)).toThrow(code('bad-milliseconds'))
})

describe('where a Time is expected', () => {
  test('epoch milliseconds are taken too', () => {
    const time = new Time(5)
    expect(timeOf('slice', time)).toBe(time)
    expect(timeOf('slice', 5)).toEqual(time)
  })

  test.each([undefined, null, '5', NaN, 0.5, Seconds(5), new Date(5)])('%s is refused', (value) => {
    expect(() => timeOf('slice', value)).toThrow(code('not-a-time'))
    expect(() => timeOf('slice', value)).toThrow('slice: ')
  })
})

test('a Time of another copy of the library is one', async () => {
  vi.resetModules()
  const other = await import('./time.js')
  expect(other.Time).not.toBe(Time)
  expect(new other.Time(1)).toBeInstanceOf(Time)
  expect(isTime(new other.Time(1))).toBe(true)
  expect(new Time(3).minus(new other.Time(1))).toEqual(Milliseconds(2))
  expect([{}, null, 5, Seconds(1)].some((value) => value instanceof Time)).toBe(false)
})
