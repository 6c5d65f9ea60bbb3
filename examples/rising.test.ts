import { expect, test } from 'vitest'
import { Seconds } from 'dstream'
import { TestContext } from 'dstream/testing'
import type { Post } from 'jvc-receiver'
import { rising } from './rising.js'

function post(topic: string): Post {
  return { id: '1', hour: '', topic, auteur: '', message: '', stickers: [] }
}

const rows = [['a', 'b', 'b'], ['a', 'a', 'b', 'b', 'c'], ['a'], []]
const expected = [
  [['b', { now: 2, before: 0 }], ['a', { now: 1, before: 0 }]],
  [['b', { now: 4, before: 0 }], ['a', { now: 3, before: 0 }], ['c', { now: 1, before: 0 }]],
  [['a', { now: 3, before: 1 }], ['c', { now: 1, before: 0 }]],
  [],
] // prettier-ignore

test('a topic rises while a window has more of its posts than the window before', async () => {
  const t = new TestContext({ batchInterval: Seconds(1) })
  const out = t.output(rising(t.input(rows.map((topics) => topics.map(post))), Seconds(2)))
  await t.run()
  expect(out.batches).toEqual(expected)
})
