import { Seconds } from 'dstream'
import { TestContext } from 'dstream/testing'
import { expect, test } from 'vitest'
import { textLogger } from '../platform/logs/stderr-logger.js'

async function logOf(define: (t: TestContext) => void, onRecordError?: 'skip'): Promise<string> {
  const lines: string[] = []
  const logger = textLogger((line) => lines.push(line))
  const t = new TestContext({
    batchInterval: Seconds(1),
    logger,
    retry: { attempts: 1 },
    ...(onRecordError && { onRecordError }),
  })
  define(t)
  await t.run().catch(() => undefined)
  await t.ssc.stop()
  logger.flush()
  return lines.join('\n')
}

function boom(): never {
  throw new TypeError('boom')
}

test.each<[string, (t: TestContext) => void, string]>([
  [
    'of a record',
    (t) =>
      t
        .input([[1]])
        .map(boom)
        .print(),
    'failed on the record 1: boom',
  ],
  [
    'of a batch',
    (t) =>
      t
        .input([[1]])
        .transform(boom)
        .print(),
    'TypeError: boom',
  ],
  ['of an output', (t) => t.input([[1]]).foreachRDD(boom), 'TypeError: boom'],
  [
    'of a state',
    (t) =>
      t
        .inputPairs([[['a', 1]]])
        .updateStateByKey(boom)
        .print(),
    'boom',
  ],
])('the log of a failure %s has the reason in its first line and the stack once', async (_, define, reason) => {
  const log = await logOf(define)
  expect(log.split('\n', 1)[0]).toContain(reason)
  expect(log.split('\n', 1)[0]).not.toContain('    at ')
  expect(log.match(/^ +at .*\bboom /gm)).toHaveLength(1)
})

test('a record that is left out is said in two sentences', async () => {
  expect(
    await logOf(
      (t) =>
        t
          .input([[1]])
          .map(boom)
          .print(),
      'skip',
    ),
  ).toContain('failed on the record 1: boom. The record is left out.')
})
