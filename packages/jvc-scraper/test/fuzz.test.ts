import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readBody } from '../src/parse/body.js'
import { parseTopicPage } from '../src/parse/index.js'
import { anyPage, readsOrRefuses } from './fuzz.js'

test('a damaged page is read or refused, never more', () => {
  fc.assert(fc.property(anyPage, readsOrRefuses), { numRuns: 300 })
})

test.each([
  ['open elements', '<div>'],
  ['elements of SVG left open', '<p><svg></p>'],
  ['stray ends', '</b>'],
  ['attributes', '<a b c d e f'],
  ['comments left open', '<!--'],
  ['ampersands', '&'],
  ['white space', '\n \t'],
  ['spaces in a title', '<title>  '],
  ['dates', '<div class="messageUser__dateEdit">édité le 1'],
  ['class lists', '<i class="JvCare JvCare '],
  ['payloads', 'forumsAppPayload="'],
])('many %s take no more than linear time', (_, piece) => {
  const time = (repeats: number): number => {
    const html = `${piece.repeat(repeats)}</html>`
    const start = process.cpuUsage()
    readBody(html)
    try {
      parseTopicPage(html)
    } catch {
      // Only the time matters here.
    }
    const { user, system } = process.cpuUsage(start)
    return (user + system) / 1000
  }
  time(1000)
  // Twenty times the page: quadratic time would be 400 times as long. The constant absorbs a busy machine.
  expect(time(200_000)).toBeLessThan(80 * time(10_000) + 1000)
})
