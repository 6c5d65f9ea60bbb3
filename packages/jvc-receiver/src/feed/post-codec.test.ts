import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodePost } from './line.js'
import { posts } from '../../test/post.arbitrary.js'
import { postCodec } from './post-codec.js'

function never(): never {
  throw new Error('no line of this block is bad')
}

describe('postCodec', () => {
  test('decodes what encodePost wrote, in order, with or without the last line end', () => {
    fc.assert(
      fc.property(fc.array(posts), fc.boolean(), (list, cutLast) => {
        const text = list.map((p) => encodePost(p)).join('')
        const block = Buffer.from(cutLast ? text.slice(0, -1) : text)
        expect([...postCodec.decode(block, never)]).toEqual(list)
        expect([...postCodec.decode(new Uint8Array(block), never)]).toEqual(list)
      }),
    )
  })

  test('gives every bad line to `bad` and goes on', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(posts, fc.constantFrom('{', 'null', '{"id":"1"}', '\ufffd'))), (items) => {
        const bad: string[] = []
        const block = Buffer.from(items.map((i) => (typeof i === 'string' ? `${i}\n` : encodePost(i))).join(''))
        const good = [...postCodec.decode(block, (record) => bad.push(String(record)))]
        expect(good).toEqual(items.filter((i) => typeof i !== 'string'))
        expect(bad).toEqual(items.filter((i) => typeof i === 'string'))
      }),
    )
  })

  test('decodes lazily: a line is looked at when it is asked for', () => {
    const bad: string[] = []
    const line = encodePost({ id: '1', hour: '', topic: '', auteur: '', message: '', stickers: [] })
    const reader = postCodec.decode(Buffer.from(`${line}oops\n${line}`), (r) => bad.push(String(r)))[Symbol.iterator]()
    expect(reader.next().done).toBe(false)
    expect(bad).toEqual([])
    expect(reader.next().done).toBe(false)
    expect(bad).toEqual(['oops'])
    expect(reader.next()).toEqual({ done: true, value: undefined })
  })

  test('empty lines are passed over', () => {
    expect([...postCodec.decode(Buffer.from('\n\r\n\n'), never)]).toEqual([])
  })
})
