import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readMarkup } from './markup.js'
import { readAttributes, scanMarkup } from './scan.js'

const WANTED = new Set(['alt', 'class', 'src'])

/** What a scan meets, adjacent texts as one: `+p.` an opened p, `-p` a closed one, `"text"`. */
function scanned(html: string): string[] {
  const events: string[] = []
  let text = ''
  const flush = () => {
    if (text !== '') events.push(JSON.stringify(text))
    text = ''
  }
  scanMarkup(html, {
    open: (name, raw) => {
      flush()
      const attributes = Object.entries(readAttributes(raw, WANTED)).sort()
      events.push(`+${name}${attributes.map(([key, value]) => ` ${key}=${value}`).join('')}`)
    },
    text: (data) => (text += data),
    close: (name) => {
      flush()
      events.push(`-${name}`)
    },
  })
  flush()
  return events
}

/** The same by htmlparser2, the judge. */
function judged(html: string): string[] {
  const events: string[] = []
  let text = ''
  const flush = () => {
    if (text !== '') events.push(JSON.stringify(text))
    text = ''
  }
  readMarkup(html, {
    onopentag: (name, attributes) => {
      flush()
      const wanted = Object.entries(attributes).filter(([key]) => WANTED.has(key))
      events.push(
        `+${name}${wanted
          .sort()
          .map(([key, value]) => ` ${key}=${value}`)
          .join('')}`,
      )
    },
    ontext: (data) => (text += data),
    onclosetag: (name) => {
      flush()
      events.push(`-${name}`)
    },
  })
  flush()
  return events
}

describe('well-formed markup reads as by htmlparser2', () => {
  const text = fc.oneof(
    fc.string({
      unit: fc.constantFrom(
        'a',
        'é',
        ' ',
        '\n',
        '=',
        '"',
        "'",
        '😂',
        '&amp;',
        '&eacute;',
        '&#039;',
        '&#x27;',
        '&hellip;',
        '&nbsp;',
        '& ',
        '&;',
        '&zzz;',
      ),
      maxLength: 8,
    }),
    fc.constantFrom('', 'x', '< ', '<3', '<!-- c > -->'),
  )
  const value = fc.oneof(
    fc
      .string({ unit: fc.constantFrom('a', ' ', '>', '=', '<', "'", '&amp;', '/', 'é'), maxLength: 8 })
      .map((v) => `"${v}"`),
    fc.string({ unit: fc.constantFrom('a', ' ', '>', '=', '<', '"'), maxLength: 8 }).map((v) => `'${v}'`),
    fc.stringMatching(/^[a-z0-9_.-]{1,6}$/),
  )
  const attribute = fc
    .tuple(fc.constantFrom('alt', 'class', 'SRC', 'data-x', 'width'), fc.option(value))
    .map(([name, v]) => (v === null ? name : `${name}=${v}`))
  const attributes = fc.array(attribute, { maxLength: 3 }).map((all) => all.map((each) => ` ${each}`).join(''))
  const { node } = fc.letrec<{ node: string }>((tie) => ({
    node: fc.oneof(
      { depthSize: 'small' },
      text,
      fc
        .tuple(fc.constantFrom('br', 'IMG', 'input'), attributes, fc.constantFrom('', ' /'))
        .map(([name, attrs, end]) => `<${name}${attrs}${end}>`),
      fc
        .tuple(
          fc.constantFrom('span', 'strong', 'DIV', 'blockquote', 'pre'),
          attributes,
          fc.array(tie('node'), { maxLength: 4 }),
        )
        .map(([name, attrs, inner]) => `<${name}${attrs}>${inner.join('')}</${name.toLowerCase()}>`),
      fc.constantFrom('<script>if (a < b) "</span>"</script>', '<textarea><b></textarea>', '<style>a > b</style>'),
    ),
  }))

  test('whatever it holds', () => {
    fc.assert(
      fc.property(fc.array(node, { maxLength: 5 }), (nodes) => {
        const html = nodes.join('')
        expect(scanned(html)).toEqual(judged(html))
      }),
      { numRuns: 500 },
    )
  })
})

describe('the rest reads as browsers have it', () => {
  test.each([
    [
      'the stray quote of the site',
      '<span class="a" target="_blank""><img alt="b"></span>',
      ['+span class=a', '+img alt=b', '-img', '-span'],
    ],
    ['the stray brace of the site', '<i class="a"}">b</i>', ['+i class=a', '"b"', '-i']],
    ['a bracket within a value', '<i class="a>b">c</i>', ['+i class=a>b', '"c"', '-i']],
    ['a value without quotes', '<i class=a/b alt = c>', ['+i alt=c class=a/b', '-i']],
    ['the first of two of a name', '<i class=a class=b>', ['+i class=a', '-i']],
    ['a tag that never ends', 'a<b class="c', ['"a"']],
    ['a tag without an end', 'a<b', ['"a"']],
    ['a comment that never ends', 'a<!-- b', ['"a"']],
    ['the shortest comment', 'a<!-->b', ['"ab"']],
    ['a declaration', '<!DOCTYPE html><?php x ?>a', ['"a"']],
    ['an end tag of nothing', 'a</>b</ c>d', ['"abd"']],
    ['a bracket alone', 'a < b <', ['"a < b <"']],
    ['an end tag that is not open', 'a</b>c', ['"ac"']],
    ['an end tag over others', '<i><b>a</i>c', ['+i', '+b', '"a"', '-b', '-i', '"c"']],
    ['elements left open', '<i><b>a', ['+i', '+b', '"a"', '-b', '-i']],
    ['a paragraph ends the one before', '<p>a<p>b', ['+p', '"a"', '-p', '+p', '"b"', '-p']],
    ['the end of no paragraph is one', 'a</p>b', ['"a"', '+p', '-p', '"b"']],
    ['the end of a line break is one', 'a</br>b', ['"a"', '+br', '-br', '"b"']],
    ['a script that never ends', '<script>a</b>', ['+script', '"a</b>"', '-script']],
    ['an entity without its semicolon', '&eacute&ampx&notanentity', ['"é&x¬anentity"']],
    ['an entity beyond Unicode', '&#99999999;', ['"\ufffd"']],
    [
      'a name of the prototype',
      '<constructor __proto__=x toString=y class=z>',
      ['+constructor class=z', '-constructor'],
    ],
    ['nothing', '', []],
  ])('%s', (_, html, events) => {
    expect(scanned(html)).toEqual(events)
  })

  test('elements may stand 512 deep and no deeper', () => {
    expect(scanned('<i>'.repeat(512)).length).toBe(1024)
    expect(() => scanned('<i>'.repeat(513))).toThrow('nested deeper than 512')
    expect(scanned('<p>'.repeat(600)).length).toBe(1200)
  })
})
