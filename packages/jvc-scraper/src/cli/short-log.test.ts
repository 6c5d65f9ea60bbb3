import { expect, test } from 'vitest'
import { shortLine } from './short-log.js'

function textOf(details: object, msg = 'a page could not be read'): string {
  return shortLine(JSON.stringify({ level: 40, time: 0, ...details, msg })).replace(/^\S+ /, '')
}

const cause = `write failed: ENOSPC: the disk is full; free some space ${'and look '.repeat(80)}at the quota`

test.each([
  ['numbers and texts', { topic: 7, why: 'gone' }, 'scraper WARN  a page could not be read  topic=7  why=gone\n'],
  ['a small object', { cursor: { at: 1 } }, 'scraper WARN  a page could not be read  cursor={"at":1}\n'],
  [
    'an error, whole',
    { err: { type: 'Error', message: cause, stack: 'Error' } },
    `scraper WARN  a page could not be read  err=${cause}\n`,
  ],
  [
    'a long list',
    { rows: Array.from({ length: 400 }, (_, i) => i) },
    'scraper WARN  a page could not be read  rows=[400 values]\n',
  ],
  [
    'a long object',
    { page: { title: 't'.repeat(600), posts: [] } },
    'scraper WARN  a page could not be read  page={2 fields}\n',
  ],
  [
    'control characters',
    { path: 'a\u001b[2Jb\nc' },
    'scraper WARN  a page could not be read  path=a\\u001b[2Jb\\u000ac\n',
  ],
])('%s', (_, details, expected) => {
  expect(textOf(details)).toBe(expected)
})

test('one line, and each detail beside a long one', () => {
  const text = textOf({ body: 'x'.repeat(10_000), topic: 7 }, 'a\nb')
  expect(text.split('\n')).toHaveLength(2)
  expect(text).toMatch(/…? {2}topic=7\n$/)
  expect(text.length).toBeLessThan(600)
})
