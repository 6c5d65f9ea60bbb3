import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatFrenchDate, formatParisDay, formatParisTime, inOrderOfTime, parseFrenchDate } from './french-date.js'

const READ = [
  ['02 juin 2026 à 22:25:06', '2026-06-02T20:25:06Z', 'summer time'],
  ['22 janvier 2026 à 21:28:37', '2026-01-22T20:28:37Z', 'winter time'],
  ['24 décembre 2016 à 17:53:58', '2016-12-24T16:53:58Z', 'accents'],
  ['1er août 2024 à 00:00:00', '2024-07-31T22:00:00Z', 'the first of a month'],
  ['  9  FEVRIER 2025 à 09:05:00 ', '2025-02-09T08:05:00Z', 'spaces, capitals, no accent'],
  ['05/12/2022 11:36:57', '2022-12-05T10:36:57Z', 'figures'],
  ['25 octobre 2026 à 01:59:59', '2026-10-24T23:59:59Z', 'before the doubled hour'],
  ['25 octobre 2026 à 02:30:00', '2026-10-25T00:30:00Z', 'in the doubled hour: the first of the two'],
  ['25 octobre 2026 à 03:00:00', '2026-10-25T02:00:00Z', 'after the doubled hour'],
  ['29 mars 2026 à 01:59:59', '2026-03-29T00:59:59Z', 'before the missing hour'],
  ['29 mars 2026 à 02:30:00', '2026-03-29T01:30:00Z', 'in the missing hour: moved on, 03:30'],
  ['29 mars 2026 à 03:00:00', '2026-03-29T01:00:00Z', 'after the missing hour'],
] as const

describe('reading a date', () => {
  test.each(READ)('%s is %s (%s)', (text, instant) => {
    expect(parseFrenchDate(text)).toBe(Date.parse(instant))
  })

  test('accents may be decomposed', () => {
    expect(parseFrenchDate('24 décembre 2016 à 17:53:58'.normalize('NFD'))).toBe(Date.parse('2016-12-24T16:53:58Z'))
  })

  test.each([
    '',
    '12 min',
    '18:24:11',
    '03/01/2022',
    '23 juil.',
    '31 juin 2026 à 10:00:00',
    '29 février 2025 à 10:00:00',
  ])('%j is no full date', (text) => expect(parseFrenchDate(text)).toBe(undefined))

  test.each([
    '00 juin 2026 à 10:00:00',
    '02 juin 2026 à 24:00:00',
    '02 juin 2026 à 10:60:00',
    '02 toto 2026 à 10:00:00',
    '12/13/2022 10:00:00',
  ])('%j does not exist', (text) => expect(parseFrenchDate(text)).toBe(undefined))

  test('whatever the text, the answer is an instant or nothing', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const at = parseFrenchDate(text)
        expect(at === undefined || Number.isSafeInteger(at)).toBe(true)
      }),
    )
  })
})

const paris = new Intl.DateTimeFormat('fr-FR', {
  timeZone: 'Europe/Paris',
  day: '2-digit',
  month: 'long',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
})
const seconds = fc.integer({ min: Date.UTC(1997, 0, 1) / 1000, max: Date.UTC(2090, 0, 1) / 1000 })
const nearChange = fc
  .tuple(fc.integer({ min: 1997, max: 2090 }), fc.constantFrom(2, 9), fc.integer({ min: -15_000, max: 15_000 }))
  .map(([year, month, offset]) => {
    const last = new Date(Date.UTC(year, month, 31, 1))
    return last.getTime() / 1000 - last.getUTCDay() * 86_400 + offset
  })

describe('writing a date, against the time zone data of Node', () => {
  test('it is the wall-clock time of Paris', () => {
    fc.assert(
      fc.property(fc.oneof(seconds, nearChange), (second) => {
        const part = Object.fromEntries(paris.formatToParts(second * 1000).map(({ type, value }) => [type, value]))
        expect(formatFrenchDate(second * 1000)).toBe(
          `${part['day']} ${part['month']} ${part['year']} à ${part['hour']}:${part['minute']}:${part['second']}`,
        )
      }),
      { numRuns: 500 },
    )
  })

  test('reading undoes writing, but for the second pass through the doubled hour, which reads as the first', () => {
    fc.assert(
      fc.property(fc.oneof(seconds, nearChange), (second) => {
        const text = formatFrenchDate(second * 1000)
        const read = (parseFrenchDate(text) ?? 0) / 1000
        const doubled = formatFrenchDate((second - 3600) * 1000) === text
        expect(read).toBe(doubled ? second - 3600 : second)
      }),
      { numRuns: 500 },
    )
  })

  test('day and time alone', () => {
    expect(formatParisDay(Date.UTC(2026, 11, 31, 23, 30))).toBe('01/01/2027')
    expect(formatParisTime(Date.UTC(2026, 11, 31, 23, 30, 7))).toBe('00:30:07')
  })
})

describe('the order resolves the hour that occurs twice', () => {
  const CHANGE = Date.UTC(2026, 9, 25, 1)

  test('for any series whose gaps are shorter than an hour', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 3590 }), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(fc.integer({ min: 3600, max: 20_000 }), gaps, (before, gaps) => {
        let at = CHANGE - before * 1000
        const instants = gaps.map((gap) => (at += gap * 1000))
        expect(inOrderOfTime(instants.map((each) => parseFrenchDate(formatFrenchDate(each))))).toEqual(instants)
      }),
    )
  })

  test.each([
    ['a day that has no such hour', ['24 octobre 2026 à 02:50:00', '24 octobre 2026 à 02:10:00'], [0, 0]],
    ['a disorder of two seconds', ['25 octobre 2026 à 02:10:02', '25 octobre 2026 à 02:10:00'], [0, 0]],
    ['the second of the two', ['25 octobre 2026 à 02:50:00', '25 octobre 2026 à 02:10:00'], [0, 1]],
    ['a date that cannot be read', ['x', '25 octobre 2026 à 02:10:00'], [0, 0]],
  ])('%s', (_, dates, hours) => {
    const instants = dates.map(parseFrenchDate)
    const moved = instants.map((at, i) => at && at + (hours[i] ?? 0) * 3_600_000)
    expect(inOrderOfTime(instants)).toEqual(moved)
  })
})
