import { pack } from 'msgpackr/pack'
import { expect, test } from 'vitest'
import { msgpackCodec } from './msgpack-codec.js'

function decode(bytes: Uint8Array) {
  const bad: unknown[] = []
  return { records: msgpackCodec.decode(bytes, (record) => bad.push(record)), bad }
}

test('values one after the other are records', () => {
  const values = ['a', 1, [1, 2], { key: 'é' }, null]
  expect(decode(Buffer.concat(values.map((value) => pack(value)))).records).toEqual(values)
  expect(decode(new Uint8Array())).toEqual({ records: [], bad: [] })
})

test('damaged bytes are given as bad, as a whole', () => {
  const damaged = Buffer.concat([pack('fine'), pack('a text that is cut off').subarray(0, 5)])
  expect(decode(damaged)).toEqual({ records: [], bad: [damaged] })
})
