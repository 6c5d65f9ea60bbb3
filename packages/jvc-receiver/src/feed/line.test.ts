import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FeedError } from './errors.js'
import { decodePost, encodePost } from './line.js'
import { posts } from '../../test/post.arbitrary.js'
import { furtherFields, postFields, type Post } from './post.js'

const post: Post = {
  id: '123',
  hour: '02 juin 2026 à 22:25:06',
  topic: 't',
  auteur: 'a',
  message: 'm',
  stickers: ['s'],
}

describe('a post and its line', () => {
  test('encode and decode are inverse, for any text', () => {
    fc.assert(
      fc.property(posts, fc.option(fc.string(), { nil: undefined }), (p, cursor) => {
        const line = encodePost(p, cursor)
        expect(line.indexOf('\n')).toBe(line.length - 1)
        expect(decodePost(line)).toEqual(p)
        expect(decodePost(Buffer.from(line))).toEqual(p)
      }),
    )
  })

  test('the keys stand in the order of the feed, the cursor last', () => {
    expect(encodePost({ stickers: [], message: 'm', auteur: 'a', topic: 't', hour: 'h', id: '1' })).toBe(
      '{"id":"1","hour":"h","topic":"t","auteur":"a","message":"m","stickers":[]}\n',
    )
    expect(encodePost(post, 'log:7')).toMatch(/"stickers":\["s"\],"cursor":"log:7"\}\n$/)
  })

  test('the further fields stand between the six and the cursor, those that the post has', () => {
    const quotes = [{ auteur: 'b', hour: 'h', at: 2 }, { hour: 'i' }]
    const further = { topicId: '7', forumId: '51', page: 3, permalink: 'https://a/b', at: 5, edited: 'e', links: ['l'] }
    const line = encodePost({ quotes, ...further, ...post }, 'log:7')
    const keys = [...postFields, ...furtherFields, 'cursor']
    expect(Object.keys(JSON.parse(line) as object)).toEqual(keys)
    expect(decodePost(line)).toEqual({ ...post, ...further, quotes })
    expect(encodePost({ ...post, at: 5 })).toMatch(/"stickers":\["s"\],"at":5\}\n$/)
  })

  test.each([
    ['topicId', 7],
    ['forumId', null],
    ['page', '3'],
    ['permalink', []],
    ['at', '2026-07-27'],
    ['edited', {}],
    ['links', ['a', 1]],
    ['quotes', 'q'],
  ])('a further field %s of another type (%j) is left out: older feeds and others stay readable', (field, value) => {
    expect(decodePost(JSON.stringify({ ...post, [field]: value }))).toEqual(post)
  })

  test('quotes are made anew: only what belongs to them travels on', () => {
    const quotes = [{ hour: 'h', evil: 1, at: 'x' }, null, 3, { auteur: 'a' }]
    expect(decodePost(JSON.stringify({ ...post, quotes })).quotes).toEqual([{ hour: 'h' }])
  })

  test('a line break and a lone surrogate stay inside the line', () => {
    const odd = { ...post, message: 'a\nb\u2028c\ud83d' }
    expect(encodePost(odd)).toContain('a\\nb\u2028c\\ud83d')
    expect(decodePost(encodePost(odd))).toEqual(odd)
  })

  test('further keys are allowed, and left out', () => {
    const line = JSON.stringify({ ...post, cursor: 'x', later: [1] }).replace('{', '{"__proto__":{"admin":true},')
    expect(decodePost(line)).toEqual(post)
    expect(Object.getPrototypeOf(decodePost(line))).toBe(Object.prototype)
    expect(decodePost(line)).not.toHaveProperty('admin')
  })

  test.each(postFields)('a post without %s is refused by name', (field) => {
    const { [field]: _, ...rest } = post
    expect(codeAndText(JSON.stringify(rest))).toEqual(['post-field', expect.stringContaining(`no field "${field}"`)])
  })

  test.each([
    ['null', 'got null'],
    ['[]', 'got an array'],
    ['3', 'got number 3'],
    [JSON.stringify({ ...post, id: 7 }), '"id" must be a string; got number 7'],
    [JSON.stringify({ ...post, id: '' }), '"id" must not be empty'],
    [JSON.stringify({ ...post, auteur: null }), '"auteur" must be a string; got null'],
    [JSON.stringify({ ...post, message: {} }), '"message" must be a string; got an object'],
    [JSON.stringify({ ...post, stickers: 's' }), '"stickers" must be an array of strings; got string s'],
    [JSON.stringify({ ...post, stickers: ['s', 4] }), 'got an array whose item 1 is number 4'],
  ])('%s is refused: %s', (line, text) => {
    expect(codeAndText(line)).toEqual(['post-field', expect.stringContaining(text)])
  })

  test('what is no JSON is shown without its control characters', () => {
    expect(codeAndText('\u001b[31m{')).toEqual(['post-not-json', expect.stringContaining('"\\u001b[31m{"')])
  })

  test('nesting without end is refused without a crash', () => {
    expect(codeAndText('['.repeat(200_000))[0]).toBe('post-not-json')
    expect(codeAndText('['.repeat(50_000) + ']'.repeat(50_000))[0]).toBe('post-field')
  })
})

function codeAndText(line: string): [string, string] {
  try {
    decodePost(line)
  } catch (error) {
    if (error instanceof FeedError) return [error.code, error.message]
  }
  throw new Error('not refused')
}
