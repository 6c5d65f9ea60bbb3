import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cursorOf, decodeGap, decodeResume, encodeGap, encodeResume, gapError, lastCursorOf } from './cursor.js'
import { encodePost } from './line.js'
import type { Post } from './post.js'

const post: Post = { id: '1', hour: '', topic: '{"gap"', auteur: '', message: '"cursor":"no"', stickers: [] }

describe('cursors', () => {
  test('a resume line carries any cursor', () => {
    fc.assert(
      fc.property(fc.string(), (cursor) => {
        expect(decodeResume(Buffer.from(encodeResume(cursor)))).toBe(cursor)
      }),
    )
  })

  test.each([
    ['{"resume":null}', ''],
    ['{"resume":12}', '12'],
    ['{"resume":{}}', undefined],
    ['hello', undefined],
    ['{}', undefined],
    ['3', undefined],
  ])('%s asks for %j', (line, cursor) => {
    expect(decodeResume(Buffer.from(line))).toBe(cursor)
  })

  test('the last cursor of a block is found behind lines without one', () => {
    const lines = [encodePost(post, 'a'), encodePost(post, 'b'), 'oops\n', encodePost(post)]
    expect(lastCursorOf(Buffer.from(lines.join('')))).toBe('b')
    expect(lastCursorOf(Buffer.from(lines.join('').slice(0, -1)))).toBe('b')
    expect(lastCursorOf(Buffer.from(encodePost(post)))).toBeUndefined()
    expect(lastCursorOf(Buffer.alloc(0))).toBeUndefined()
    expect(cursorOf(Buffer.from(encodePost(post, 'a')))).toBe('a')
  })

  test('a gap is told apart from a post, and says what is missing', () => {
    const gap = { asked: 'l:3', from: 'l:9', reason: 'the log begins later' }
    expect(decodeGap(Buffer.from(encodeGap(gap)))).toEqual(gap)
    expect(decodeGap(Buffer.from(encodePost(post)))).toBeUndefined()
    expect(gapError(gap)).toMatchObject({ code: 'feed-gap', message: expect.stringContaining('after cursor "l:3"') })
  })
})
