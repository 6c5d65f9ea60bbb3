import { expect, test } from 'vitest'
import { jsonLogger } from './json-logger.js'

const lines: string[] = []
const logger = jsonLogger(
  (line) => lines.push(line),
  () => 1000,
)

test('a message is one line of JSON with its facts and its error', () => {
  const cause = new Error('ENOSPC')
  logger.error(
    { output: 'print#1', time: 7, err: Object.assign(new Error('a\nb', { cause }), { code: 'x' }) },
    'It\nfailed',
  )
  expect(lines).toHaveLength(1)
  expect(lines[0]).not.toContain('\n')
  const { err, ...facts } = JSON.parse(lines[0]!)
  expect(facts).toEqual({
    output: 'print#1',
    batchTime: 7,
    level: 'error',
    time: 1000,
    name: 'dstream',
    msg: 'It\nfailed',
  })
  expect(err).toMatchObject({ type: 'Error', code: 'x', message: 'a\nb', cause: { message: 'ENOSPC' } })
  expect(err.stack).toContain('json-logger.test.ts')
})

test.each<[string, object]>([
  ['a bigint', { n: 1n }],
  ['a cycle', ((a: { self?: unknown }) => (a.self = a))({})],
  ['a Map', { m: new Map([['a', 1]]) }],
])('facts with %s are written all the same', (_, facts) => {
  lines.length = 0
  logger.warn(facts, 'odd')
  expect(JSON.parse(lines[0]!)).toMatchObject({ level: 'warn', msg: 'odd' })
})
