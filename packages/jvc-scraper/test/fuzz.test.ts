import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readBody } from '../src/parse/body.js'
import { parseTopicList, parseTopicPage } from '../src/parse/index.js'
import { countWork } from './count-work.js'
import { PIECES, anyPage, readsOrRefuses } from './fuzz.js'

test('a damaged page is read or refused, never more', () => {
  fc.assert(fc.property(anyPage, readsOrRefuses), { numRuns: 300 })
})

/** Parses a page in every way, whatever the outcome. */
function parseAll(html: string): void {
  readBody(html)
  for (const parse of [parseTopicPage, parseTopicList]) {
    try {
      parse(html)
    } catch {
      // Only the work matters here.
    }
  }
}

/** Wraps a body in a topic page with one post, in the visible markup. */
function onePost(body: string): string {
  return `<html><link rel="canonical" href="/forums/42-51-7-1-0-1-0-x.htm"><h2 class="titleMessagesUsers__title">x</h2>
<div id="listMessages"><div class="messageUser" id="message-8"><div class="messageUser__date">02 juin 2026 à 22:25:06</div>
<div class="js-message-user-msg">${body}</div></div></div></html>`
}

test.each([
  ['open elements', '<div>'],
  ['elements of SVG left open', '<p><svg></p>'],
  ['stray ends', '</b>'],
  ['attributes', '<a b c d e f'],
  ['comments left open', '<!--'],
  ['ampersands', '&'],
  ['different entities', '&aa&ab&ac;'],
  ['white space', '\n \t'],
  ['spaces in a title', '<title>  '],
  ['dates', '<div class="messageUser__dateEdit">édité le 1'],
  ['class lists', '<i class="JvCare JvCare '],
  ['payloads', 'forumsAppPayload="'],
  ['payload names', 'forumsAppPayload '],
  ['brackets alone', '< '],
  ['empty elements after a space', ' a<i></i>'],
  ['words between elements', 'a<b>b</b>'],
  ['no-break spaces', '&nbsp;<i></i>'],
  ['line breaks', '<br>'],
  ['lines of code', '<pre>a\n'],
  ['links', '<a href="https://a.fr">b</a>'],
  ['links left open', '<a href="https://a.fr"> '],
  ['videos left open', '<div class="player-contenu"> '],
  ['quotes', '<blockquote>Le 02 juin 2026 à 22:25:06 a écrit :</blockquote>'],
  ['quotes left open', '<blockquote>Le '],
  ['smileys', '<img data-code=":)">'],
  ['pictures', '<img class="img-shack" alt="https://image.noelshack.com/fichiers/a.png">'],
])('many %s take linear work', (_, piece) => {
  for (const page of [(text: string) => `${text}</html>`, onePost]) {
    const work = (repeats: number): number => countWork(() => parseAll(page(piece.repeat(repeats))))
    work(10)
    const [one, two, four] = [work(1000), work(2000), work(4000)] as const
    // Linear work doubles with the length and quadratic work quadruples. The fixed parts let the ratio only fall.
    expect(two / one).toBeLessThan(2.5)
    expect(four / two).toBeLessThan(2.5)
  }
})

test('any pieces repeated take linear work', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 4 }), (pieces) => {
      const work = (repeats: number): number => countWork(() => parseAll(onePost(pieces.join('').repeat(repeats))))
      work(1)
      const [one, two, four] = [work(500), work(1000), work(2000)] as const
      expect(two / one).toBeLessThan(2.5)
      expect(four / two).toBeLessThan(2.5)
    }),
    { numRuns: 40 },
  )
})
