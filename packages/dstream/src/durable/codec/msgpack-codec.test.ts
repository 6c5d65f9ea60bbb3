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

test.each([
  ['alone', [0xc1]],
  ['between values', [1, 0xc1, 2]],
  ['in an array', [0x92, 1, 0xc1]],
  ['in a map', [0x81, 0xa1, 0x61, 0xc1]],
])('the byte that MessagePack does not use, %s, is no record', (_, bytes) => {
  const damaged = Uint8Array.from(bytes)
  expect(decode(damaged)).toEqual({ records: [], bad: [damaged] })
})

test('the same byte inside of a text or a number is data', () => {
  const values = ['Á', 0xc1c1c1, [{ key: 'ÁÁ' }], new Uint8Array([0xc1])]
  expect(decode(Buffer.concat(values.map((value) => pack(value)))).records).toEqual([
    ...values.slice(0, 3),
    Buffer.from([0xc1]),
  ])
})
