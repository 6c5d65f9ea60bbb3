import { expect, test } from 'vitest'
import { authorsOf, wordsOf } from './text.js'

test.each<[string, string[]]>([
  ['Khey khey', []],
  ['Topic TOPIC topics', ['topic', 'topic', 'topics']],
  ['« Topic », (topic) topic… topic!! ...topic', ['topic', 'topic', 'topic', 'topic', 'topic']],
  ["grand-mère aujourd'hui quelqu’un", ['grand-mère', "aujourd'hui", 'quelqu’un']],
  ['bonjour:hap: :noel: :rire2: salut:) demain:-))) hier :sournois:', ['bonjour', 'salut', 'demain']],
  ['https://exemple.fr/articles www.exemple.fr/chose un lien', []],
  ['ligne\nsuivante\tdemain\u00a0soir', ['ligne', 'suivante', 'demain']],
  ['e\u0301cole école', ['école', 'école']],
  ['2026-07-27 12345 a1b2c3', ['2026-07-27', '12345', 'a1b2c3']],
  ['😂😂😂😂😂 𝒯ℴ𝓅𝒾 abcd😂', []],
  ['', []],
])('the words of %j', (message, words) => {
  expect(wordsOf(message)).toEqual(words)
})

test('the words of hostile text take linear work', () => {
  for (const piece of ['!', ':', ':a', 'a!', ';-', 'www', ' :(']) {
    expect(wordsOf(`a${piece.repeat(200_000)}a`).length).toBeLessThan(200_001)
  }
})

test.each<[string, string[], string[]]>([
  ['surf_colos2', ['surf_colos2', 'Surf_Colos2', 'SURF_COLOS2'], ['surf_colos', 'xsurf_colos2', '']],
  ['a_1, B-2 ,[JV]', ['A_1', 'b-2', '[jv]'], ['a_1, b-2', 'c']],
  ['/^grand/i', ['GrandMere', 'grand'], ['legrand']],
  ['/^Grand/', ['Grand'], ['grand']],
  ['abc, /x{2,3}$/, /\\/,/', ['ABC', 'axx', 'a/,b'], ['ax', 'a/b']],
])('PSEUDO=%j', (list, wanted, others) => {
  const isWanted = authorsOf(list)
  expect(wanted.filter((author) => !isWanted(author))).toEqual([])
  expect(others.filter((author) => isWanted(author))).toEqual([])
})

test.each([
  ['/(/', 'PSEUDO holds "/(/", which is no regular expression'],
  ['/a/g', 'PSEUDO cannot use the flags g and y; got "/a/g"'],
  ['a, /b', 'PSEUDO must be names with commas, or /regular expressions/; got " /b"'],
  [',', 'PSEUDO must be names with commas, or /regular expressions/; got ","'],
])('PSEUDO=%j is refused', (list, message) => {
  expect(() => authorsOf(list)).toThrow(message)
})
