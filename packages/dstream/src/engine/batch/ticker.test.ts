import { expect, test } from 'vitest'
import type { Clock } from '../../base/ports.js'
import { Ticker, type ClockBehind } from './ticker.js'

/** A clock that can be set, and timers as Node has them: they count what has passed, and look at the clock when they fire. */
class SettableClock implements Clock {
  #passed = 0
  #offset = 0
  #timers: { at: number; run: () => void }[] = []

  now(): number {
    return this.#passed + this.#offset
  }
  setTimer(atMs: number, run: () => void): { cancel(): void } {
    let delay: { cancel(): void }
    const wait = (): void => {
      const left = atMs - this.now()
      if (left > 0) delay = this.setDelay(left, wait)
      else run()
    }
    delay = this.setDelay(Math.max(0, atMs - this.now()), wait)
    return { cancel: () => delay.cancel() }
  }
  setDelay(delayMs: number, run: () => void): { cancel(): void } {
    const timer = { at: this.#passed + delayMs, run }
    this.#timers.push(timer)
    return { cancel: () => (this.#timers = this.#timers.filter((other) => other !== timer)) }
  }
  set(by: number): void {
    this.#offset += by
  }
  /** Lets so much time pass. */
  async pass(ms: number): Promise<void> {
    const until = this.#passed + ms
    for (;;) {
      const [next] = this.#timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)
      if (next === undefined) break
      this.#timers = this.#timers.filter((timer) => timer !== next)
      this.#passed = Math.max(this.#passed, next.at)
      next.run()
      await new Promise((resolve) => setImmediate(resolve))
    }
    this.#passed = until
  }
}

function ticking(whenBehind: 'wait' | 'continue', firstMs = 1000, slowMs = 0) {
  const clock = new SettableClock()
  /** Batch time, and how much time had passed. */
  const runs: [time: number, at: number][] = []
  const reports: ClockBehind[] = []
  let passed = 0
  const pass = async (ms: number): Promise<void> => {
    for (let step = 0; step < ms; step += 100) {
      await clock.pass(100)
      passed += 100
    }
  }
  const ticker = new Ticker({
    clock,
    yielder: { begin: () => ({ size: 1, pause: () => undefined }) },
    batchMs: 1000,
    next: (time) => time + 1000,
    run: (time) => {
      runs.push([time, passed])
      if (runs.length === 1) clock.set(slowMs)
      return Promise.resolve()
    },
    whenBehind,
    onBehind: (behind) => reports.push(behind),
  })
  ticker.start(firstMs)
  return { clock, runs, reports, pass, ticker }
}

test('a clock that is right is not reported', async () => {
  const { runs, reports, pass } = ticking('wait')
  await pass(3500)
  expect(runs.map(([time]) => time)).toEqual([1000, 2000, 3000])
  expect(reports).toEqual([])
})

test('wait: a clock that is set back is reported within an interval and then every minute, and no batch runs meanwhile', async () => {
  const { clock, runs, reports, pass } = ticking('wait')
  await pass(2500)
  clock.set(-150_000)
  await pass(1000)
  expect(reports).toEqual([{ nowMs: -147_500 + 500, nextMs: 3000 }])
  await pass(148_000)
  expect(reports.map(({ nowMs }) => nowMs)).toEqual([-147_000, -87_000, -27_000])
  expect(runs).toHaveLength(2)
  await pass(3000)
  expect(runs.map(([time]) => time)).toEqual([1000, 2000, 3000, 4000])
})

test('continue: batches go on one every interval from the last time, and the clock may catch up', async () => {
  const { clock, runs, reports, pass } = ticking('continue')
  await pass(2500)
  clock.set(-150_000)
  await pass(5000)
  expect(reports).toHaveLength(1)
  expect(runs.map(([time]) => time)).toEqual([1000, 2000, 3000, 4000, 5000, 6000, 7000])
  expect(runs.map(([, at]) => at)).toEqual([900, 1900, 2900, 3900, 4900, 5900, 6900])
  clock.set(150_000)
  await pass(2000)
  expect(runs.map(([time]) => time)).toEqual([1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000])
  clock.set(3000)
  await pass(1000)
  expect(runs.at(-1)![0]).toBe(13000)
})

test.each(['wait', 'continue'] as const)(
  '%s: a start behind the last commit is reported at once',
  async (whenBehind) => {
    const { runs, reports, pass } = ticking(whenBehind, 5000)
    expect(reports).toEqual([{ nowMs: 0, nextMs: 5000 }])
    await pass(2500)
    expect(runs.map(([time]) => time)).toEqual(whenBehind === 'wait' ? [] : [5000, 6000, 7000])
  },
)

test('a start one interval behind, as after a graceful stop, is none', () => {
  expect(ticking('wait', 2000).reports).toEqual([])
})

test('continue: a slow batch does not make those after it run back to back', async () => {
  const { runs, pass } = ticking('continue', 50_000, 4500)
  await pass(4000)
  expect(runs.map(([time]) => time)).toEqual([50_000, 51_000, 52_000, 53_000, 54_000, 55_000])
  expect(runs.map(([, at]) => at)).toEqual([0, 0, 400, 1400, 2400, 3400])
})

test('wait: late batches run back to back', async () => {
  const { runs, pass } = ticking('wait', 1000, 4500)
  await pass(1000)
  expect(runs.map(([time]) => time)).toEqual([1000, 2000, 3000, 4000, 5000])
})
