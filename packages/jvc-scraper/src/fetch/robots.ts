/** The product token that robots.txt may address. */
export const ROBOT_NAME = 'jvc-scraper'

/** The number of characters that are parsed (RFC 9309 asks for at least 500 KiB). */
const MAX_CHARACTERS = 512 * 1024

interface Rule {
  readonly allow: boolean
  readonly pattern: string
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

  constructor(text: string, robot = ROBOT_NAME) {
    const groups = parse(text.slice(0, MAX_CHARACTERS))
    this.#rules = groups.get(robot.toLowerCase()) ?? groups.get('*') ?? []
  }

  /**
   * Returns whether a path may be fetched.
   *
   * @param path with its query, starting with a slash
   */
  allows(path: string): boolean {
    let best: Rule | undefined
    for (const rule of this.#rules) {
      if (!matches(rule.pattern, path)) continue
      const longer = rule.pattern.length - (best?.pattern.length ?? -1)
      if (longer > 0 || (longer === 0 && rule.allow)) best = rule
    }
    return best?.allow ?? true
  }
}

function parse(text: string): Map<string, Rule[]> {
  const groups = new Map<string, Rule[]>()
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
      if (!groups.has(name)) groups.set(name, [])
    } else if (key === 'allow' || key === 'disallow') {
      inRules = true
      if (value === '') continue
      for (const agent of agents) groups.get(agent)?.push({ allow: key === 'allow', pattern: value })
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
