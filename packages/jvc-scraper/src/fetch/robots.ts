/** The product token that robots.txt may address. */
export const ROBOT_NAME = 'jvc-scraper'

/** The number of characters that are parsed (RFC 9309 asks for at least 500 KiB). */
const MAX_CHARACTERS = 512 * 1024

interface Rule {
  readonly allow: boolean
  readonly pattern: string
}

interface Group {
  readonly rules: Rule[]
  /** In seconds. */
  crawlDelay: number
}

/**
 * Holds the rules of a robots.txt for one robot (RFC 9309): those of the groups that name it, else those for `*`. The
 * longest rule that matches a path decides, and `allow` wins a tie.
 *
 * @example
 * new Robots('User-agent: *\nDisallow: /private').allows('/forums/x.htm') // true
 */
export class Robots {
  /** The rules of a site without robots.txt: everything is allowed. */
  static readonly everything = new Robots('')

  readonly #rules: readonly Rule[]
  /** The time asked for between two requests, in milliseconds; 0 when there is none. */
  readonly crawlDelayMs: number

  constructor(text: string, robot = ROBOT_NAME) {
    const groups = parse(text.slice(0, MAX_CHARACTERS))
    const group = groups.get(robot.toLowerCase()) ?? groups.get('*')
    this.#rules = group?.rules ?? []
    this.crawlDelayMs = (group?.crawlDelay ?? 0) * 1000
  }

  /**
   * Returns whether a path may be fetched.
   *
   * @param path with its query, starting with a slash
   */
  allows(path: string): boolean {
    const target = normalizePath(path)
    let best: Rule | undefined
    for (const rule of this.#rules) {
      if (!matches(rule.pattern, target)) continue
      const longer = rule.pattern.length - (best?.pattern.length ?? -1)
      if (longer > 0 || (longer === 0 && rule.allow)) best = rule
    }
    return best?.allow ?? true
  }
}

function parse(text: string): Map<string, Group> {
  const groups = new Map<string, Group>()
  let agents: string[] = []
  let inRules = false
  for (const line of text.split(/\r\n|\r|\n/)) {
    const match = /^\s*([a-z-]+)\s*:\s*([^#]*)/i.exec(line)
    const [key, value] = [match?.[1]?.toLowerCase(), match?.[2]?.trim() ?? '']
    if (key === 'user-agent') {
      if (inRules) agents = []
      inRules = false
      // A product token may be followed by a version or further words, which do not count.
      const name = (/^[a-z_-]+|^\*/i.exec(value)?.[0] ?? '').toLowerCase()
      agents.push(name)
      if (!groups.has(name)) groups.set(name, { rules: [], crawlDelay: 0 })
    } else if (key === 'allow' || key === 'disallow') {
      inRules = true
      if (value === '') continue
      for (const agent of agents)
        groups.get(agent)?.rules.push({ allow: key === 'allow', pattern: normalizePattern(value) })
    } else if (key === 'crawl-delay') {
      inRules = true
      const seconds = /^\d{1,9}(?:\.\d{1,9})?$/.test(value) ? Number(value) : 0
      for (const agent of agents) {
        const group = groups.get(agent)
        if (group !== undefined) group.crawlDelay = Math.max(group.crawlDelay, seconds)
      }
    }
  }
  return groups
}

/** Matches a pattern, in which `*` is any text and a final `$` the end, piece by piece and so in linear time. */
function matches(pattern: string, path: string): boolean {
  const anchored = pattern.endsWith('$')
  const pieces = (anchored ? pattern.slice(0, -1) : pattern).split('*')
  let at = 0
  for (const [i, piece] of pieces.entries()) {
    if (i === 0) {
      if (!path.startsWith(piece)) return false
      at = piece.length
    } else if (anchored && i === pieces.length - 1) {
      return path.length - piece.length >= at && path.endsWith(piece)
    } else {
      const found = path.indexOf(piece, at)
      if (found < 0) return false
      at = found + piece.length
    }
  }
  return !anchored || at === path.length
}

/**
 * Returns the form in which paths are compared (RFC 9309 §2.2.2): a percent-encoded character that needs no encoding is
 * decoded, one that does is encoded, and hexadecimal digits are in upper case.
 */
function normalizePath(path: string): string {
  return normalize(path).replaceAll('*', '%2A').replaceAll('$', '%24')
}

/** Normalizes a pattern, in which `*` and a final `$` keep their meaning. */
function normalizePattern(pattern: string): string {
  const isAnchored = pattern.endsWith('$')
  const body = normalize(isAnchored ? pattern.slice(0, -1) : pattern).replaceAll('$', '%24')
  return isAnchored ? `${body}$` : body
}

function normalize(text: string): string {
  const [path = '', ...query] = text.split('?')
  const parts = [normalizePart(path), ...query.map((part) => normalizePart(part).replaceAll('/', '%2F'))]
  return parts.join('?')
}

function normalizePart(text: string): string {
  return text.replace(/%[\da-f]{2}|[^\x21-\x7e]|[:@!'()+,;[\]"<>\\^`{|}]/giu, (found) => {
    if (found.length === 3 && found.startsWith('%')) {
      const character = String.fromCharCode(Number.parseInt(found.slice(1), 16))
      return /[\w.~-]/.test(character) ? character : found.toUpperCase()
    }
    const bytes = Buffer.from(found, 'utf8')
    return [...bytes].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')
  })
}
