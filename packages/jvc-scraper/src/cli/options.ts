import { nearestName } from 'jvc-receiver/feed'
import { ScraperError } from '../errors.js'
import { parseSpan } from './date-range.js'

interface Common {
  readonly help: string
  /** The placeholder of the value in the help. */
  readonly value?: string
  /** Only with this other option. */
  readonly needs?: string
}

type Spec = Common &
  (
    | { readonly kind: 'flag' }
    | { readonly kind: 'text' | 'date'; readonly default?: string }
    | { readonly kind: 'choice'; readonly of: readonly string[]; readonly default?: string }
    | {
        readonly kind: 'number'
        readonly min: number
        readonly max: number
        readonly whole?: boolean
        readonly default?: number
      }
  )

function flag(help: string, needs?: string): Spec {
  return { kind: 'flag', help, ...(needs === undefined ? {} : { needs }) }
}

function number(min: number, max: number, initial: number | undefined, help: string, needs?: string): Spec {
  return {
    kind: 'number',
    min,
    max,
    help,
    ...(initial === undefined ? {} : { default: initial }),
    ...(needs === undefined ? {} : { needs }),
  }
}

const whole: typeof number = (...args) => ({ ...number(...args), whole: true }) as Spec
function choice(of: readonly string[], help: string): Spec {
  return { kind: 'choice', of, help }
}

const MAX_PORT = 65_535

/** Every option, in the order of the help. */
export const specs = {
  simulate: flag('read a simulated forum, started for the occasion, instead of a real one'),
  rate: number(0, 100_000, 20, 'new posts per second in the simulated forum', 'simulate'),
  seed: whole(0, 2 ** 32 - 1, 1, 'two simulated forums of one seed publish the same posts', 'simulate'),
  faults: {
    kind: 'text',
    help: 'what goes wrong in the simulated forum: all, or names with commas',
    needs: 'simulate',
  },
  topics: whole(1, 100_000, 30, 'topics of the simulated forum that get posts at a time', 'simulate'),
  total: whole(0, 1e9, undefined, 'posts after which the simulated forum falls silent', 'simulate'),
  'simulator-port': whole(0, MAX_PORT, 0, 'where the simulated forum listens; 0: any free port', 'simulate'),
  'keep-truth': flag('keep every post of the simulated forum for /__truth; memory grows', 'simulate'),
  forum: { kind: 'text', value: 'URL', help: 'the topic list to read (default: Blabla 18-25 ans)' },
  from: choice(
    ['now', 'page', 'start'],
    'where a topic begins that was never read (default now; start with --simulate)',
  ),
  once: flag('read what there is, then end'),
  output: {
    ...choice(['jsonl', 'csv'], 'write the posts to standard output, as JSON lines or CSV, and open no feed'),
    needs: 'once',
  } as Spec,
  topic: { kind: 'text', value: 'URL', help: 'read this topic alone', needs: 'output' },
  since: {
    kind: 'date',
    value: 'DATE',
    help: 'posts from this date on: 2026-07-27, 2026-07-27T14:30',
    needs: 'output',
  },
  until: { kind: 'date', value: 'DATE', help: 'posts up to the end of this day, minute or second', needs: 'output' },
  port: whole(0, MAX_PORT, 6667, 'where the feed listens; 0: any free port'),
  host: { kind: 'text', default: '127.0.0.1', help: 'address the feed listens on; 0.0.0.0 lets other machines in' },
  'max-clients': whole(1, 100_000, 100, 'clients of the feed at once'),
  'slow-clients': {
    ...choice(['drop-oldest', 'disconnect'], 'what a client meets that falls behind the whole log'),
    default: 'drop-oldest',
  } as Spec,
  'feed-log': choice(['memory', 'file', 'redis'], 'where posts are kept for clients that come back'),
  'log-size': number(0.01, 65_536, 64, 'how much of them is kept, in MiB'),
  bookmarks: choice(['memory', 'file', 'redis'], 'where it is kept how far each topic was read'),
  expiry: number(0.01, 3650, 30, 'days after which the bookmark of a silent topic is forgotten'),
  data: { kind: 'text', value: 'DIR', help: 'folder for the two, when they are files (default .jvc-scraper)' },
  pace: number(0.01, 10_000, undefined, 'requests per second (default 2; 200 from a forum on this machine)'),
  workers: whole(1, 60, undefined, 'requests and topics at once (default 4; 60 from a forum on this machine)'),
  'list-every': number(
    0.05,
    3600,
    undefined,
    'seconds between two readings of the list (default 5; 0.5 from a forum on this machine)',
  ),
  pages: whole(1, 1000, 10, 'pages of the list that are read at most'),
  'max-pages-back': whole(1, 10_000, 50, 'pages of a topic that are read at most to catch up'),
  'ignore-robots': flag('do not read robots.txt; you answer for it'),
  'health-port': whole(0, MAX_PORT, undefined, 'where /health is, on loopback only (default: the port after --port)'),
  'log-level': {
    ...choice(['debug', 'info', 'warn', 'error', 'silent'], 'how much is logged'),
    default: 'info',
  } as Spec,
  'log-format': { ...choice(['short', 'json'], 'lines to read, or lines of JSON'), default: 'short' } as Spec,
  version: flag('print the version'),
  help: flag('print this'),
} as const satisfies Record<string, Spec>

export type OptionName = keyof typeof specs

/** The options as given, checked, with the defaults that do not depend on others. */
export class Options {
  readonly #values: ReadonlyMap<OptionName, string | number | true>
  readonly #given: ReadonlySet<OptionName>

  constructor(values: ReadonlyMap<OptionName, string | number | true>, given: ReadonlySet<OptionName>) {
    this.#values = values
    this.#given = given
  }

  flag(name: OptionName): boolean {
    return this.#values.get(name) === true
  }

  text(name: OptionName): string | undefined {
    const value = this.#values.get(name)
    return typeof value === 'string' ? value : undefined
  }

  number(name: OptionName): number | undefined {
    const value = this.#values.get(name)
    return typeof value === 'number' ? value : undefined
  }

  isGiven(name: OptionName): boolean {
    return this.#given.has(name)
  }
}

/**
 * Reads a command line: `--name value` or `--name=value`.
 *
 * @throws ScraperError `unknown-option` naming the nearest known one, `bad-option` saying what would be right
 */
export function parseOptions(argv: readonly string[]): Options {
  const values = new Map<OptionName, string | number | true>()
  const given = new Set<OptionName>()
  for (let i = 0; i < argv.length; i++) {
    const [raw = '', inline] = splitOnce(argv[i] as string)
    const name = known(raw)
    const spec: Spec = specs[name]
    given.add(name)
    if (spec.kind === 'flag') {
      if (inline !== undefined) bad(name, 'takes no value', inline)
      values.set(name, true)
      continue
    }
    const value = inline ?? argv[++i]
    if (value === undefined || (inline === undefined && /^--[a-z]/.test(value)))
      bad(name, `needs a value: ${wanted(spec)}`, value)
    values.set(name, convert(name, spec, value as string))
  }
  for (const name of given) {
    const missing = missingFor(name, given)
    if (missing.length === 0) continue
    const { needs } = specs[name] as Spec
    const advice = `Give ${missing.map(exampleOf).join(' ')} as well, or leave out --${name}.`
    throw new ScraperError('bad-option', `--${name} goes with --${needs} only. ${advice}`)
  }
  for (const [name, spec] of Object.entries<Spec>(specs)) {
    if ('default' in spec && spec.default !== undefined && !values.has(name as OptionName))
      values.set(name as OptionName, spec.default)
  }
  return new Options(values, given)
}

/** Returns the options that an option needs, and those that these need, as far as they are not given. */
function missingFor(name: OptionName, given: ReadonlySet<OptionName>): OptionName[] {
  const { needs } = specs[name] as Spec
  if (needs === undefined) return []
  const needed = needs as OptionName
  return [...missingFor(needed, given), ...(given.has(needed) ? [] : [needed])]
}

function exampleOf(name: OptionName): string {
  const spec: Spec = specs[name]
  return spec.kind === 'choice' ? `--${name} ${spec.of[0]}` : `--${name}`
}

function splitOnce(argument: string): [string, string | undefined] {
  const at = argument.indexOf('=')
  return at < 0 || !argument.startsWith('--') ? [argument, undefined] : [argument.slice(0, at), argument.slice(at + 1)]
}

function known(argument: string): OptionName {
  if (argument === '-h') return 'help'
  const name = argument.replace(/^--/, '')
  if (argument.startsWith('--') && Object.hasOwn(specs, name)) return name as OptionName
  const hint = nearestName(name, Object.keys(specs))
  throw new ScraperError(
    'unknown-option',
    `There is no option "${argument}". Did you mean --${hint}? See jvc-scraper --help.`,
  )
}

function convert(name: OptionName, spec: Spec, text: string): string | number {
  if (spec.kind === 'choice' && !spec.of.includes(text)) bad(name, `must be ${wanted(spec)}`, text)
  if (spec.kind === 'date' && parseSpan(text) === undefined) bad(name, `must be ${wanted(spec)}`, text)
  if (spec.kind !== 'number') return text
  const value = text.trim() === '' ? NaN : Number(text)
  const fits = value >= spec.min && value <= spec.max && (!spec.whole || Number.isInteger(value))
  if (!fits) bad(name, `must be ${wanted(spec)}`, text)
  return value
}

function wanted(spec: Spec): string {
  if (spec.kind === 'choice') return spec.of.join(', ').replace(/, ([^,]*)$/, ' or $1')
  if (spec.kind === 'number') return `a ${spec.whole ? 'whole ' : ''}number from ${spec.min} to ${spec.max}`
  if (spec.kind === 'date') return 'a date such as 2026-07-27 or 2026-07-27T14:30:00'
  return spec.kind === 'text' ? (spec.value ?? 'a text') : 'nothing'
}

function bad(name: OptionName, what: string, value: string | undefined): never {
  const got = value === undefined ? '' : `; got ${JSON.stringify(value)}`
  throw new ScraperError('bad-option', `--${name} ${what}${got}. See jvc-scraper --help.`)
}

/** The text of `--help`. */
export function helpText(): string {
  const lines = Object.entries<Spec>(specs).map(([name, spec]) => {
    const value =
      spec.kind === 'flag'
        ? ''
        : spec.kind === 'choice'
          ? spec.of.join('|')
          : (spec.value ?? (spec.kind === 'number' ? 'N' : 'TEXT'))
    const initial = 'default' in spec && spec.default !== undefined ? ` (default ${spec.default})` : ''
    return `  ${`--${name} ${value}`.padEnd(38)} ${spec.help}${initial}`
  })
  return `${HEAD}\n${lines.join('\n')}\n${FOOT}`
}

const HEAD = `jvc-scraper: reads the posts of a forum and serves them on TCP, one line of JSON each.

  jvc-scraper --simulate              a simulated forum with 20 posts a second; then: nc localhost 6667
  jvc-scraper --forum URL             a real one; read its robots.txt and its terms first
  jvc-scraper --once --output csv --topic URL > posts.csv

Options:`

const FOOT = `
Environment:
  JVC_COOKIE, JVC_USER_AGENT          sent with every request; or JVC_COOKIE_FILE, JVC_USER_AGENT_FILE. Never printed.
  REDIS_URL, or REDIS_HOST            keeps the bookmarks and the log of the feed in Redis (not with --simulate,
                                      unless --bookmarks redis or --feed-log redis says so)

Ends cleanly on Ctrl-C and SIGTERM. Exit codes: 0 ended well, 1 failed, 2 wrong usage, 3 --once could not read everything.
`
