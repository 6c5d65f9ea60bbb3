import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeGap, encodePost, type Post } from './feed/index.js'
import { ResumeFilter } from './resume-filter.js'

function post(n: number): Post {
  return { id: String(n), hour: '', topic: '', auteur: '', message: '', stickers: [] }
}

function plain(n: number): string {
  return encodePost(post(n))
}

function marked(n: number): string {
  return encodePost(post(n), `log:${n}`)
}

const gap = { asked: 'old:1', from: 'log:0', reason: 'another log' }

/** Feeds the lines in blocks of the given sizes, and gives what came through. */
function run(filter: ResumeFilter, lines: string[], sizes: number[]) {
  const out = { lines: '', gaps: 0, late: 0 }
  for (let at = 0, i = 0; at < lines.length; i++) {
    const size = Math.max(1, sizes[i % sizes.length] ?? 1)
    const { lines: through, gap: found, late } = filter.accept(Buffer.from(lines.slice(at, at + size).join('')))
    out.lines += String(through)
    if (found) out.gaps++
    if (late) out.late++
    at += size
  }
  return out
}

const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 })

describe('ResumeFilter', () => {
  test('what a server with cursors sent before its answer is dropped, all else comes through in order', () => {
    fc.assert(
      fc.property(fc.nat(6), fc.nat(6), fc.boolean(), sizes, (before, after, withGap, cuts) => {
        const early = Array.from({ length: before }, (_, i) => plain(i))
        const answer = Array.from({ length: after + 1 }, (_, i) => marked(i))
        const lines = [...early, ...(withGap ? [encodeGap(gap)] : []), ...answer]
        expect(run(new ResumeFilter(true), lines, cuts)).toEqual({
          lines: answer.join(''),
          gaps: withGap ? 1 : 0,
          late: 0,
        })
      }),
    )
  })

  test('lines of a server without cursors are held, and given in order when the wait is over', () => {
    fc.assert(
      fc.property(fc.nat(10), fc.nat(10), sizes, (n, later, cuts) => {
        const filter = new ResumeFilter(true)
        const held = Array.from({ length: n }, (_, i) => plain(i)).join('')
        expect(run(filter, held.split(/(?<=\n)/), cuts)).toEqual({ lines: '', gaps: 0, late: 0 })
        expect(filter.heldBytes).toBe(held.length)
        expect(String(filter.giveUp())).toBe(held)
        if (n === 0) return
        const more = Array.from({ length: later }, (_, i) => plain(i))
        expect(run(filter, more, cuts).lines).toBe(more.join(''))
      }),
    )
  })

  test('an answer after the wait is taken, and said to be late', () => {
    const filter = new ResumeFilter(true)
    filter.accept(Buffer.from(plain(1)))
    filter.giveUp()
    expect(filter.accept(Buffer.from(marked(1)))).toMatchObject({ late: true })
    expect(String(filter.accept(Buffer.from(marked(2))).lines)).toBe(marked(2))
  })

  test('without a request every line comes through as it is', () => {
    const filter = new ResumeFilter(false)
    expect(String(filter.accept(Buffer.from(plain(1) + marked(2))).lines)).toBe(plain(1) + marked(2))
    expect(filter.giveUp()).toHaveLength(0)
  })
})
