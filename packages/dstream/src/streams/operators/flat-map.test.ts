import { runBatches } from 'dstream/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { DStream } from '../../index.js'
import { batchwise } from '../../../test/laws.js'

test('any number of records out, in order', async () => {
  expect(await runBatches([['a b', ''], ['c']], (s) => s.flatMap((line) => line.split(' ')))).toEqual([
    ['a', 'b', ''],
    ['c'],
  ])
})

test('each batch is as flatMap of an array', () =>
  batchwise(
    fc.array(fc.integer()),
    (s) => s.flatMap((a) => a),
    (b) => b.flatMap((a) => a),
  ))

test('any iterable will do', async () => {
  expect(await runBatches([[['x', 'y']]], (s) => s.flatMap((a) => new Set(a)))).toEqual([['x', 'y']])
})

test('a string is no list', async () => {
  const misuse = (s: DStream<string>) =>
    // @ts-expect-error a string is not taken for a list of characters
    s.flatMap((line: string) => line)
  await expect(runBatches([['ab']], misuse)).rejects.toThrow(/split/i)
})
