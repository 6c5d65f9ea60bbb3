import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MemoryFiles } from '../../test/memory-files.js'
import { alternatives, directoriesOf, listed, nameTest, pathsOf } from './glob.js'

describe('braces', () => {
  test.each<[string, string[]]>([
    ['plain', ['plain']],
    ['a{b,c}d', ['abd', 'acd']],
    ['{a,b}/{1,2}', ['a/1', 'a/2', 'b/1', 'b/2']],
    ['x{a,{b,c}}', ['xa', 'xb', 'xc']],
    ['{a,}', ['a', '']],
    ['{a', ['{a']],
    ['a}', ['a}']],
  ])('%j means %j', (pattern, expected) => expect(alternatives(pattern)).toEqual(expected))
})

describe('names', () => {
  test.each<[string, string[], string[]]>([
    ['log-*', ['log-', 'log-1'], ['log', 'xlog-1']],
    ['?', ['a', 'é', '€', '😀'], ['', 'ab']],
    ['[ab]x', ['ax', 'bx'], ['cx', 'x']],
    ['[a-c]', ['a', 'b', 'c'], ['d', '-']],
    ['[^a]', ['b'], ['a']],
    ['[!a]', ['b'], ['a', '!!']],
    ['[]]*', [']x'], ['x']],
    ['a[b', [], ['ab', 'a']],
    ['*.d', ['a.d'], ['.d', '.a.d', 'axd']],
    ['.*', ['.a'], ['a']],
  ])('%j', (pattern, yes, no) => {
    const matcher = nameTest(pattern)!
    expect(yes.filter((name) => !matcher.test(name))).toEqual([])
    expect(no.filter((name) => matcher.test(name))).toEqual([])
  })

  test('a name without a pattern stands for itself', () => expect(nameTest('a.b{c}+')).toBeUndefined())

  test('law: a pattern of literals and stars matches what splitting at the stars says', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '+', '(', '$', '^', '|'), maxLength: 6 })
    fc.assert(
      fc.property(fc.array(text, { minLength: 2, maxLength: 4 }), fc.array(text, { maxLength: 4 }), (parts, fill) => {
        const name = parts.map((part, i) => part + (i + 1 < parts.length ? (fill[i] ?? '') : '')).join('')
        const hidden = name.startsWith('.') && !parts[0]!.startsWith('.')
        expect(nameTest(parts.join('*'))!.test(name)).toBe(!hidden)
      }),
    )
  })
})

describe('directories', () => {
  const files = new MemoryFiles()
  for (const path of ['/data/2024/a', '/data/2025/b', '/data/.hidden/c', '/data/file', '/other/2024/x', 'here/now/y']) {
    files.write(path, '', 0)
  }
  test.each<[string, string[]]>([
    ['/data/2024', ['/data/2024']],
    ['/data/none', ['/data/none']],
    ['/data/*', ['/data/2024', '/data/2025']],
    ['/data/.*', ['/data/.hidden']],
    ['/data/202[5-9]', ['/data/2025']],
    ['/{data,other}/2024', ['/data/2024', '/other/2024']],
    ['/*/2024', ['/data/2024', '/other/2024']],
    ['/{data,d*}/2024/', ['/data/2024']],
    ['here/*', ['here/now']],
    ['nowhere/*', []],
  ])('%j means %j', async (pattern, expected) => expect(await directoriesOf(files, pattern)).toEqual(expected))
})

describe('files and directories', () => {
  const files = new MemoryFiles()
  for (const path of ['/in/a.txt', '/in/b.txt', '/in/c.csv', '/in/d/e.txt', '/in/.f.txt']) files.write(path, '', 0)
  test.each<[string, string[]]>([
    ['/in/*.txt', ['/in/a.txt', '/in/b.txt']],
    ['/in/*', ['/in/a.txt', '/in/b.txt', '/in/c.csv', '/in/d']],
    ['/in/*/*', ['/in/d/e.txt']],
    ['/in/{a,c}.*', ['/in/a.txt', '/in/c.csv']],
    ['/in/none', ['/in/none']],
    ['/in/x*', []],
  ])('%j means %j', async (pattern, expected) => expect(await pathsOf(files, pattern)).toEqual(expected))

  test('a list ends at commas, without those in braces or behind a backslash', () => {
    expect(listed('a,b{c,d},e\\,f')).toEqual(['a', 'b{c,d}', 'e\\,f'])
  })
})

describe('a backslash', () => {
  test.each<[string, string[], string[]]>([
    ['\\[a\\]*', ['[a]', '[a]b'], ['a', '\\[a]']],
    ['\\**', ['*', '*a'], ['a', '\\*']],
    ['a\\?[b]', ['a?b'], ['axb']],
    ['C:\\dir*', ['C:\\dir', 'C:\\dirs'], ['C:dir']],
  ])('%s', (pattern, yes, no) => {
    const matcher = nameTest(pattern)!
    expect(yes.filter((name) => !matcher.test(name))).toEqual([])
    expect(no.filter((name) => matcher.test(name))).toEqual([])
  })

  test('braces and commas', () => {
    expect(alternatives('\\{a,b\\}')).toEqual(['\\{a,b\\}'])
    expect(alternatives('{a\\,b,c}')).toEqual(['a\\,b', 'c'])
    expect(alternatives('{a\\}b}')).toEqual(['a\\}b'])
  })

  test('law: a name whose special characters are escaped stands for itself alone', async () => {
    const name = fc.string({
      unit: fc.constantFrom('a', '[', ']', '{', '}', '*', '?', ',', '^'),
      minLength: 1,
      maxLength: 6,
    })
    await fc.assert(
      fc.asyncProperty(name, name, async (wanted, other) => {
        const files = new MemoryFiles()
        for (const directory of [wanted, other]) files.write(`/in/${directory}/file`, '', 0)
        const escaped = wanted.replace(/[*?[\]{},]/g, '\\$&')
        expect(await directoriesOf(files, `/in/${escaped}`)).toEqual([`/in/${wanted}`])
        expect(await directoriesOf(files, `/i?/${escaped}`)).toEqual([`/in/${wanted}`])
      }),
    )
  })
})
