import fc from 'fast-check'
import { expect, expectTypeOf, test } from 'vitest'
import type { Codec } from 'dstream'
import { posts } from '../test/post.arbitrary.js'
import { encodePost, postCodec, type Post } from './feed/index.js'
import { furtherFields, postFields } from './feed/post.js'
import { fieldsCodec } from './fields-codec.js'
import { JvcReceiver } from './jvc-receiver.js'

const names = [...postFields, ...furtherFields]

function decoded<T>(codec: Codec<T>, text: string): { records: T[]; bad: string[] } {
  const bad: string[] = []
  const records = [...codec.decode(Buffer.from(text), (line, error) => bad.push(`${String(line)}: ${String(error)}`))]
  return { records, bad }
}

test('law: the fields of posts are those of the whole posts', () => {
  fc.assert(
    fc.property(fc.array(posts), fc.subarray(names, { minLength: 1 }), (given, fields) => {
      const text = given.map((post) => encodePost(post, 'l:1')).join('')
      const whole = decoded<Post>(postCodec, text).records
      const picked = whole.map((post) => fields.filter((field) => field in post).map((field) => [field, post[field]]))
      expect(decoded(fieldsCodec(fields), text)).toEqual({
        records: picked.map((entries) => Object.fromEntries(entries) as Partial<Post>),
        bad: [],
      })
    }),
  )
})

test.each([
  'oops',
  '3',
  '{"auteur":"a","message":"m","id":1x}',
  '{"auteur":1,"message":"m","id":"1","hour":"","topic":"","stickers":[]}',
  '{"message":"m","id":"1","hour":"","topic":"","stickers":[]}',
])('the bad line %s is reported as it is without fields', (line) => {
  const { records, bad } = decoded(fieldsCodec(['auteur', 'message']), `${line}\n`)
  expect(records).toEqual([])
  expect(bad).toEqual(decoded<Post>(postCodec, `${line}\n`).bad)
  expect(bad).toHaveLength(1)
})

test('a further field of another type is left out', () => {
  const { records } = decoded(
    fieldsCodec(['id', 'page', 'links', 'quotes']),
    '{"id":"1","page":"2","links":[1],"quotes":[{"hour":"h"},3]}',
  )
  expect(records).toEqual([{ id: '1', quotes: [{ hour: 'h' }] }])
})

test('a receiver decodes the fields of its options, and journalled blocks of whole posts too', () => {
  const receiver = new JvcReceiver({ fields: ['auteur', 'message'] })
  expectTypeOf(receiver.codecs[0]).toEqualTypeOf<Codec<Pick<Post, 'auteur' | 'message'>>>()
  expectTypeOf(new JvcReceiver().codecs[0]).toEqualTypeOf<Codec<Pick<Post, keyof Post>>>()
  expect(receiver.codecs[0].id).toBe(postCodec.id)
  const post: Post = { id: '1', hour: 'h', topic: 't', auteur: 'a', message: 'é', stickers: [] }
  expect(decoded(receiver.codecs[0], encodePost(post)).records).toEqual([{ auteur: 'a', message: 'é' }])
})
