import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PidRateEstimator } from './pid.js'
import type { PidOptions } from './pid.js'

/** Time, records, processing delay, scheduling delay → rate; each rate is computed by hand from the formula. */
type Row = readonly [time: number, records: number, processing: number, scheduling: number, rate: number | undefined]

const tables: readonly (readonly [string, PidOptions, readonly Row[]])[] = [
  [
    'defaults: the speed of processing, less a fifth of what has piled up',
    {},
    [
      [1000, 500, 500, 0, undefined], // measures 1000/s
      [2000, 500, 500, 0, 1000], // 1000 − (1000 − 1000) − 0
      [3000, 500, 1000, 100, 490], // 1000 − (1000 − 500) − 0.2 · 100 · 500 / 1000
      [4000, 490, 700, 0, 700], // 490 − (490 − 700)
      [5000, 490, 980, 4000, 100], // 700 − 200 − 0.2 · 4000 · 500 / 1000 = 100
      [6000, 490, 4900, 9000, 100], // below the least rate
    ],
  ],
  [
    'P alone: half of the error at a time',
    { proportional: 0.5, integral: 0, minRate: 1 },
    [
      [0, 100, 100, 0, undefined], // measures 1000/s, at time 0 already
      [1000, 100, 1000, 0, 550], // 1000 − 0.5 · 900
      [2000, 100, 1000, 0, 325], // 550 − 0.5 · 450
      [3000, 100, 100, 0, 662.5], // 325 + 0.5 · 675
    ],
  ],
  [
    'I alone: what has piled up, spread over the interval',
    { proportional: 0, integral: 1, minRate: 1 },
    [
      [1000, 1000, 1000, 0, undefined],
      [2000, 1000, 1000, 500, 500], // 1000 − 500 · 1000 / 1000
      [3000, 1000, 1000, 0, 500],
    ],
  ],
  [
    'D alone: the change of the error per second',
    { proportional: 0, integral: 0, derived: 1, minRate: 1 },
    [
      [1000, 1000, 1000, 0, undefined], // error 0
      [3000, 800, 1000, 0, 900], // error 200, in 2 s: −100
      [4000, 900, 1000, 0, 1100], // error 0, in 1 s: +200
    ],
  ],
]

describe('the formula', () => {
  test.each(tables)('%s', (_, options, rows) => {
    const pid = new PidRateEstimator(1000, options)
    for (const [time, numRecords, processingDelay, schedulingDelay, rate] of rows) {
      const estimate = pid.estimate({ time, numRecords, processingDelay, schedulingDelay })
      if (rate === undefined) expect(estimate).toBeUndefined()
      else expect(estimate).toBeCloseTo(rate, 9)
    }
  })

  test('a batch that tells nothing changes nothing', () => {
    const pid = new PidRateEstimator(1000)
    const good = { time: 1000, numRecords: 500, processingDelay: 500, schedulingDelay: 0 }
    expect(pid.estimate(good)).toBeUndefined()
    for (const bad of [
      { time: 1000 },
      { time: 999 },
      { numRecords: 0 },
      { processingDelay: 0 },
      { processingDelay: -1 },
    ]) {
      expect(pid.estimate({ ...good, time: 2000, ...bad })).toBeUndefined()
    }
    expect(pid.estimate({ ...good, time: 2000 })).toBe(1000)
  })
})

test('law: never below the least rate; a source up to ten times too fast comes to the speed of processing in minutes', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 200, max: 1_000_000 }),
      fc.double({ min: 0.1, max: 10, noNaN: true }),
      (speed, factor) => {
        const pid = new PidRateEstimator(1000)
        let rate = speed * factor
        let behindMs = 0
        for (let time = 1000; time <= 200_000; time += 1000) {
          const processingDelay = (rate / speed) * 1000
          const estimate = pid.estimate({ time, numRecords: rate, processingDelay, schedulingDelay: behindMs })
          behindMs = Math.max(0, behindMs + processingDelay - 1000)
          if (estimate === undefined) continue
          expect(estimate).toBeGreaterThanOrEqual(100)
          rate = estimate
        }
        expect(rate / speed).toBeCloseTo(1, 3)
      },
    ),
  )
})

describe('what is refused', () => {
  test.each<[number, PidOptions, string]>([
    [0, {}, 'Specified batch interval 0 in the backpressure options should be > 0'],
    [1000, { proportional: -1 }, 'Proportional term -1 in the backpressure options should be >= 0'],
    [1000, { integral: -0.1 }, 'Integral term'],
    [1000, { derived: NaN }, 'Derivative term'],
    [1000, { minRate: 0 }, 'Minimum rate 0 in the backpressure options should be > 0'],
  ])('%d ms and %j', (batchMs, options, message) => {
    expect(() => new PidRateEstimator(batchMs, options)).toThrow(message)
  })
})
