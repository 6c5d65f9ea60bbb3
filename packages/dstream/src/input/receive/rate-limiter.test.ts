import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../testing/manual-clock.js'
import { lowerLimit, RateLimiter } from './rate-limiter.js'

function at(clock: ManualClock, ms: number) {
  return void clock.runNext(ms)
}

describe('the rate to begin with', () => {
  test.each([
    [{}, Infinity],
    [{ maxRate: 5 }, 5],
    [{ maxRate: 5, initialRate: 2 }, 2],
    [{ maxRate: 5, initialRate: 9 }, 5],
    [{ initialRate: 9 }, 9],
  ])('%j begins with %d', (options, rate) => {
    expect(new RateLimiter(new ManualClock(), options).rate).toBe(rate)
  })

  test.each([
    [undefined, undefined, undefined],
    [3, undefined, 3],
    [3, 2, 2],
    [undefined, 2, 2],
  ])('the lower of %j and %j is %j', (a, b, lower) => expect(lowerLimit(a, b)).toBe(lower))
})

test('what comes at once falls due bit by bit', () => {
  const clock = new ManualClock()
  const limiter = new RateLimiter(clock, { maxRate: 100 })
  limiter.acquire(30)
  const ahead = [0, 10, 55, 100, 290, 300, 1000].map((ms) => (at(clock, ms), limiter.ahead()))
  expect(ahead).toEqual([30, 29, 25, 20, 1, 0, 0])
})

test('a sender may run a tenth of a second ahead, and waits for what is more', () => {
  const clock = new ManualClock()
  const limiter = new RateLimiter(clock, { maxRate: 100 })
  limiter.acquire(10)
  expect(limiter.waitMs()).toBe(0)
  limiter.acquire(20)
  expect(limiter.waitMs()).toBe(200)
  at(clock, 200)
  expect(limiter.waitMs()).toBe(0)
})

test('at less than ten records a second one record may run ahead', () => {
  const limiter = new RateLimiter(new ManualClock(), { maxRate: 2 })
  limiter.acquire(1)
  expect(limiter.waitMs()).toBe(0)
  limiter.acquire(1)
  expect(limiter.waitMs()).toBe(500)
})

test('a new rate holds for what is ahead too; none above maxRate, none of zero or less', () => {
  const clock = new ManualClock()
  const limiter = new RateLimiter(clock, { maxRate: 100 })
  limiter.acquire(50)
  limiter.update(10)
  expect([limiter.rate, limiter.ahead()]).toEqual([10, 50])
  at(clock, 1000)
  expect(limiter.ahead()).toBe(40)
  for (const rate of [0, -1, NaN]) limiter.update(rate)
  expect(limiter.rate).toBe(10)
  limiter.update(1e9)
  expect(limiter.rate).toBe(100)
})

test('no limit, nothing ahead', () => {
  const limiter = new RateLimiter(new ManualClock())
  limiter.acquire(1e9)
  expect([limiter.limited, limiter.ahead(), limiter.waitMs()]).toEqual([false, 0, 0])
})

test('law: in no stretch of time does more fall due than the rate, and all of it does in the end', () => {
  const steps = fc.array(fc.record({ afterMs: fc.nat(2000), take: fc.nat(50) }), { maxLength: 40 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2000 }), steps, (rate, script) => {
      const clock = new ManualClock()
      const limiter = new RateLimiter(clock, { maxRate: rate })
      let taken = 0
      const due = [{ ms: 0, records: 0 }]
      for (const { afterMs, take } of script) {
        at(clock, clock.now() + afterMs)
        due.push({ ms: clock.now(), records: taken - limiter.ahead() })
        limiter.acquire(take)
        taken += take
      }
      for (const [i, from] of due.entries()) {
        for (const to of due.slice(i)) {
          expect(to.records - from.records).toBeLessThanOrEqual(Math.floor(((to.ms - from.ms) * rate) / 1000) + 1)
        }
      }
      at(clock, clock.now() + Math.ceil((taken * 1000) / rate))
      expect(limiter.ahead()).toBe(0)
    }),
  )
})
