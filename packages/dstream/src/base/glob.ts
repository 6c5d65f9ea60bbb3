import type { FileEntry, Files } from './ports.js'

/**
 * Returns the directories that match a pattern, sorted. In one name `*` matches any characters, `?` one character, `[a-c]`
 * and `[^x]` one of a set; `{a,b}` matches either text. A `\` before one of these characters makes it an ordinary one; before
 * any other it is one itself, as in the paths of Windows. A name that begins with `.` only matches a pattern that does too.
 */
export function directoriesOf(files: Files, pattern: string): Promise<string[]> {
  return matchesOf(files, pattern, ['directory'])
}

/** Returns the files and directories that match a pattern, sorted. A path without pattern characters need not exist. */
export function pathsOf(files: Files, pattern: string): Promise<string[]> {
  return matchesOf(files, pattern, ['directory', 'file'])
}

async function matchesOf(files: Files, pattern: string, kinds: Kinds): Promise<string[]> {
  const found = new Set<string>()
  for (const plain of alternatives(pattern)) for (const path of await matches(files, plain, kinds)) found.add(path)
  return [...found].sort()
}

type Kinds = readonly FileEntry['kind'][]

/** Expands braces: `a{b,c}` becomes `ab` and `ac`. An unmatched brace is an ordinary character. */
export function alternatives(pattern: string): string[] {
  const open = openingOf(pattern)
  const close = open === -1 ? -1 : closing(pattern, open)
  if (close === -1) return [pattern]
  const head = pattern.slice(0, open)
  return listed(pattern.slice(open + 1, close)).flatMap((part) => alternatives(head + part + pattern.slice(close + 1)))
}

/** The characters with a meaning, and a backslash before one of them. */
const ESCAPE = /\\([*?[\]{},])/g

function isEscape(text: string, i: number): boolean {
  return text[i] === '\\' && '*?[]{},'.includes(text[i + 1] ?? ' ')
}

/** Returns a text without pattern characters as the name that it stands for. */
export function plainName(text: string): string {
  return text.replace(ESCAPE, '$1')
}

/** Returns the test for one name; `undefined` for a text without pattern characters. */
export function nameTest(text: string): RegExp | undefined {
  if (!/[*?[]/.test(text.replace(ESCAPE, ''))) return undefined
  let source = text.startsWith('.') ? '' : '(?!\\.)'
  for (let i = 0; i < text.length; i++) {
    const escaped = isEscape(text, i)
    const character = text[escaped ? ++i : i]!
    const end = character === '[' && !escaped ? text.indexOf(']', i + 2) : -1
    if (escaped) source += literal(character)
    else if (character === '*') source += '.*'
    else if (character === '?') source += '.'
    else if (end !== -1) {
      source += classOf(text.slice(i + 1, end))
      i = end
    } else source += literal(character)
  }
  return new RegExp(`^${source}$`, 'su')
}

async function matches(files: Files, pattern: string, kinds: Kinds): Promise<string[]> {
  let bases = [pattern.startsWith('/') ? '/' : '']
  const segments = pattern.split('/').filter((name) => name !== '')
  for (const [i, segment] of segments.entries()) {
    const wanted: Kinds = i + 1 < segments.length ? ['directory'] : kinds
    const test = nameTest(segment)
    const next: string[] = []
    for (const base of bases) {
      if (test === undefined) next.push(join(base, plainName(segment)))
      else for (const name of await namesIn(files, base, test, wanted)) next.push(join(base, name))
    }
    bases = next
  }
  return bases
}

async function namesIn(files: Files, base: string, test: RegExp, kinds: Kinds): Promise<string[]> {
  const entries = (await files.entries(base === '' ? '.' : base)) ?? []
  return entries.filter(({ name, kind }) => kinds.includes(kind) && test.test(name)).map(({ name }) => name)
}

export function join(base: string, name: string): string {
  return base === '' || base.endsWith('/') ? base + name : `${base}/${name}`
}

function openingOf(text: string): number {
  for (let i = 0; i < text.length; i++) {
    if (isEscape(text, i)) i++
    else if (text[i] === '{') return i
  }
  return -1
}

function closing(text: string, open: number): number {
  let depth = 0
  for (let i = open; i < text.length; i++) {
    if (isEscape(text, i)) {
      i++
      continue
    }
    if (text[i] === '{') depth++
    if (text[i] === '}' && --depth === 0) return i
  }
  return -1
}

/** Splits a list at its commas, without those inside braces. */
export function listed(text: string): string[] {
  const found = ['']
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const character = isEscape(text, i) ? text.slice(i, ++i + 1) : text[i]!
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
