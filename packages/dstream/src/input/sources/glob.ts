import type { Files } from '../../base/ports.js'

/**
 * Returns the directories that match a pattern, sorted. In one name `*` matches any characters, `?` one character, `[a-c]`
 * and `[^x]` one of a set; `{a,b}` matches either text. A name that begins with `.` only matches a pattern that does too.
 */
export async function directoriesOf(files: Files, pattern: string): Promise<string[]> {
  const found = new Set<string>()
  for (const plain of alternatives(pattern)) for (const path of await matches(files, plain)) found.add(path)
  return [...found].sort()
}

/** Expands braces: `a{b,c}` becomes `ab` and `ac`. An unmatched brace is an ordinary character. */
export function alternatives(pattern: string): string[] {
  const open = pattern.indexOf('{')
  const close = open === -1 ? -1 : closing(pattern, open)
  if (close === -1) return [pattern]
  const head = pattern.slice(0, open)
  return parts(pattern.slice(open + 1, close)).flatMap((part) => alternatives(head + part + pattern.slice(close + 1)))
}

/** Returns the test for one name; `undefined` for a text without pattern characters. */
export function nameTest(text: string): RegExp | undefined {
  if (!/[*?[]/.test(text)) return undefined
  let source = text.startsWith('.') ? '' : '(?!\\.)'
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!
    const end = character === '[' ? text.indexOf(']', i + 2) : -1
    if (character === '*') source += '.*'
    else if (character === '?') source += '.'
    else if (end !== -1) {
      source += classOf(text.slice(i + 1, end))
      i = end
    } else source += literal(character)
  }
  return new RegExp(`^${source}$`, 'su')
}

async function matches(files: Files, pattern: string): Promise<string[]> {
  let bases = [pattern.startsWith('/') ? '/' : '']
  for (const segment of pattern.split('/').filter((name) => name !== '')) {
    const test = nameTest(segment)
    const next: string[] = []
    for (const base of bases) {
      if (test === undefined) next.push(join(base, segment))
      else for (const name of await directoriesIn(files, base, test)) next.push(join(base, name))
    }
    bases = next
  }
  return bases
}

async function directoriesIn(files: Files, base: string, test: RegExp): Promise<string[]> {
  const entries = (await files.entries(base === '' ? '.' : base)) ?? []
  return entries.filter(({ name, kind }) => kind === 'directory' && test.test(name)).map(({ name }) => name)
}

export function join(base: string, name: string): string {
  return base === '' || base.endsWith('/') ? base + name : `${base}/${name}`
}

function closing(text: string, open: number): number {
  let depth = 0
  for (let i = open; i < text.length; i++) {
    if (text[i] === '{') depth++
    if (text[i] === '}' && --depth === 0) return i
  }
  return -1
}

/** Splits at the commas outside inner braces. */
function parts(text: string): string[] {
  const found = ['']
  let depth = 0
  for (const character of text) {
    if (character === '{') depth++
    if (character === '}') depth--
    if (character === ',' && depth === 0) found.push('')
    else found[found.length - 1] += character
  }
  return found
}

function classOf(inside: string): string {
  const negated = inside.startsWith('^') || inside.startsWith('!')
  const members = negated ? inside.slice(1) : inside
  return `[${negated ? '^' : ''}${members.replace(/[\\\]^&~|[]/g, '\\$&')}]`
}

function literal(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/]/u, '\\$&')
}
