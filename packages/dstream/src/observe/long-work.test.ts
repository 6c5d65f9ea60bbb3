import { expect, test } from 'vitest'
import { LongWork, workLine, type WorkFigures } from './long-work.js'

/** A clock at 0, its work, and what has been shown: the line, or `-` for an end. */
function onClock() {
  const clock = { ms: 0 }
  const shown: string[] = []
  const work = new LongWork(
    () => clock.ms,
    (figures, nowMs) => shown.push(figures === undefined ? '-' : workLine(figures, nowMs)),
  )
  return { clock, shown, work }
}

test('work is shown once it has taken a second, until it ends', () => {
  const { clock, shown, work } = onClock()
  work.report('Reading', 0, 100, 'MB')
  clock.ms = 900
  work.report('Reading', 10, 100, 'MB')
  expect(work.shown()).toEqual([])
  clock.ms = 2000
  work.report('Reading', 20, 100, 'MB')
  expect(work.shown()).toEqual([{ name: 'Reading', done: 20, total: 100, unit: 'MB', sinceMs: 0 }])
  work.report('Reading', 100, 100, 'MB')
  expect(work.shown()).toEqual([])
  expect(shown).toEqual(['Reading: 20 of 100 MB, 20 %, about 8 s left', '-'])
})

test('short work is not shown, and its end is none', () => {
  const { clock, shown, work } = onClock()
  work.report('Reading', 0, 100, 'MB')
  clock.ms = 999
  work.report('Reading', 100, 100, 'MB')
  work.end('Writing')
  expect(shown).toEqual([])
})

test.each<[Partial<WorkFigures>, number, string]>([
  [{ done: 1234567 }, 5000, 'W: 1,234,567 keys'],
  [{ done: 0, total: 10 }, 5000, 'W: 0 of 10 keys, 0 %'],
  [{ done: 999, total: 1000 }, 5000, 'W: 999 of 1,000 keys, 99 %, about 1 s left'],
  [{ done: 1, total: 1000 }, 1000, 'W: 1 of 1,000 keys, 0 %, about 17 min left'],
  [{ done: 1, total: 10000 }, 2000, 'W: 1 of 10,000 keys, 0 %, about 6 h left'],
])('%o after %i ms', (figures, nowMs, line) => {
  expect(workLine({ name: 'W', unit: 'keys', sinceMs: 0, done: 0, ...figures }, nowMs)).toBe(line)
})
