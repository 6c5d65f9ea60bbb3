import { Seconds, type Logger } from 'dstream'
import { TestContext } from 'dstream/testing'
import { expect, test } from 'vitest'
import { safeLogger } from './safe-logger.js'
import { textLogger } from './stderr-logger.js'

const oops = new Error('the log is full')
const ways: [string, () => void][] = [
  [
    'throws',
    () => {
      throw oops
    },
  ],
  ['rejects', () => Promise.reject(oops)],
]

test.each(ways)('a logger that %s: the line goes to the fallback, with the reason', async (_, bad) => {
  const lines: string[] = []
  const fallback = textLogger((line) => lines.push(line))
  safeLogger({ debug: bad, info: bad, warn: bad, error: bad }, fallback).info({}, 'the line')
  await Promise.resolve()
  await Promise.resolve()
  expect(lines).toEqual([
    'dstream warn: The logger of the context threw; its line follows: the log is full',
    'dstream info: the line',
  ])
})

test('keeps the logger as this of its methods', () => {
  const logger = new (class {
    lines: string[] = []
    debug = () => undefined
    info(_: object, line: string): void {
      this.lines.push(line)
    }
    warn = () => undefined
    error = () => undefined
  })()
  safeLogger(logger).info({}, 'the line')
  expect(logger.lines).toEqual(['the line'])
})

const withoutPrototype: unknown = Object.create(null)
const unreadable = Object.defineProperty(new Error('x'), 'message', {
  get() {
    throw new Error('no')
  },
})
test.each([withoutPrototype, Symbol('s'), null, undefined, 0, unreadable, { toString: 1 }])(
  'batches go on whatever is thrown and however the logger fails (%#)',
  async (thrown) => {
    for (const logger of [broken(), textLogger(() => undefined)]) {
      const t = new TestContext({ batchInterval: Seconds(1), logger, onFailure: 'skip' })
      const input = t.input([['a'], ['b']])
      input.foreachRDD(() => {
        throw thrown
      })
      const out = t.output(input)
      t.ssc.on('batchCompleted', () => {
        throw thrown
      })
      await t.run().catch((error: unknown) => expect(error).toBe(thrown))
      expect(out.batches).toEqual([['a'], ['b']])
      await t.stop()
    }
  },
)

function broken(): Logger {
  const bad = ways[0]![1]
  return { debug: bad, info: bad, warn: bad, error: bad }
}
