import type { Random } from './random.js'

/**
 * The faults of the simulated forum, each with its default probability: for faults of a request the share of requests,
 * for faults of the forum the share of published posts.
 */
export const FAULTS = {
  /** 403 with `cf-mitigated: challenge`, as Cloudflare asks for a human. */
  challenge: { of: 'request', chance: 0.002 },
  /** 429 with `Retry-After`. */
  'rate-limited': { of: 'request', chance: 0.01 },
  /** 503. */
  unavailable: { of: 'request', chance: 0.01 },
  /** The connection is cut before an answer. */
  reset: { of: 'request', chance: 0.01 },
  /** The connection is cut within the body. */
  cut: { of: 'request', chance: 0.01 },
  /** A body that ends too early, with a length that fits: the page alone shows it. */
  truncated: { of: 'request', chance: 0.01 },
  /** A body that comes in drops. */
  slow: { of: 'request', chance: 0.01 },
  /** A payload that is no JSON; the visible markup is whole. */
  'bad-payload': { of: 'request', chance: 0.02 },
  /** No payload; the visible markup is whole. */
  'no-payload': { of: 'request', chance: 0.02 },
  /** A payload as in April 2026: base64 of JSON without gzip. */
  'plain-payload': { of: 'request', chance: 0.02 },
  /** A 200 with neither payload nor known markup, as after a redesign. */
  'unknown-markup': { of: 'request', chance: 0.005 },
  /** A topic that exists is answered as if it did not: redirect to the index. */
  'to-index': { of: 'topic', chance: 0.01 },
  /** A page of a topic is answered by a redirect to the one before it. */
  'to-lower-page': { of: 'topic', chance: 0.01 },
  /** Neighbouring posts of a page change places. */
  swap: { of: 'topic', chance: 0.05 },
  /** Some topics have a last page that is empty: deleted posts still hold places. */
  'empty-page': { of: 'forum', chance: 0.15 },
  /** New topics take the title of one that is there. */
  'same-title': { of: 'forum', chance: 0.3 },
  /** Topics change their titles, and with them their addresses. */
  rename: { of: 'forum', chance: 0.005 },
  /** Posts are deleted: the later ones shift back, a last page may vanish. Half of them come back later. */
  delete: { of: 'forum', chance: 0.02 },
  /** Whole topics are deleted: 410 from then on. */
  gone: { of: 'forum', chance: 0.0005 },
} as const satisfies Record<string, { of: 'request' | 'topic' | 'forum'; chance: number }>

export type FaultName = keyof typeof FAULTS

/** An unknown fault, or an invalid probability. */
export class FaultError extends Error {
  override readonly name = 'FaultError'
  readonly code = 'simulator-fault-unknown'
}

/**
 * Reads `all`, `none`, or names with commas, each with an optional probability: `slow,challenge=0.01`.
 *
 * @throws FaultError with the known names
 */
export function readFaults(spec: string): ReadonlyMap<FaultName, number> {
  const chances = new Map<FaultName, number>()
  for (const part of spec.split(',').map((each) => each.trim())) {
    const [name = '', given] = part.split('=', 2)
    const names = name === 'all' ? FAULT_NAMES : name === 'none' || name === '' ? [] : [faultName(name)]
    const chance = given === undefined ? undefined : Number(given)
    if (chance !== undefined && !(chance >= 0 && chance <= 1)) {
      throw new FaultError(
        `The probability of a fault must be a number from 0 to 1; got ${JSON.stringify(given)} (${part})`,
      )
    }
    for (const each of names) chances.set(each, chance ?? FAULTS[each].chance)
  }
  return chances
}

/** @throws FaultError. */
export function faultName(name: string): FaultName {
  if (Object.hasOwn(FAULTS, name)) return name as FaultName
  throw new FaultError(`There is no fault ${JSON.stringify(name)}. Faults: all, none, ${FAULT_NAMES.join(', ')}.`)
}

const FAULT_NAMES = Object.keys(FAULTS) as readonly FaultName[]

/** Draws faults from one seeded source: the n-th draw is the same in every run. */
export class FaultPlan {
  readonly #random: Random
  /** The number of occurrences of each fault. */
  readonly counts: Partial<Record<FaultName, number>> = {}
  readonly #forced: FaultName[] = []
  #chances: ReadonlyMap<FaultName, number> = new Map()

  constructor(random: Random) {
    this.#random = random
  }

  /** Switches these on, with their chances, and all others off. */
  set(chances: ReadonlyMap<FaultName, number>): void {
    this.#chances = chances
  }

  /** The next requests have this fault, whatever is switched on. */
  force(name: FaultName, times: number): void {
    for (let i = 0; i < times; i++) this.#forced.push(name)
  }

  /** The fault of the next request, if any. */
  ofRequest(kind: 'list' | 'topic'): FaultName | undefined {
    const forced = this.#forced[0]
    if (forced !== undefined && (kind === 'topic' || FAULTS[forced].of === 'request')) {
      this.#forced.shift()
      return this.#count(forced)
    }
    let share = this.#random.next()
    for (const [name, chance] of this.#chances) {
      if (FAULTS[name].of === 'forum' || (FAULTS[name].of === 'topic' && kind === 'list')) continue
      share -= chance
      if (share < 0) return this.#count(name)
    }
    return undefined
  }

  /** Draws a fault of the forum. @returns true when the fault happens now */
  happens(name: FaultName): boolean {
    const chance = this.#chances.get(name) ?? 0
    if (chance === 0 || !this.#random.chance(chance)) return false
    this.#count(name)
    return true
  }

  /** The chance of a fault, 0 when it is off. */
  chanceOf(name: FaultName): number {
    return this.#chances.get(name) ?? 0
  }

  #count(name: FaultName): FaultName {
    this.counts[name] = (this.counts[name] ?? 0) + 1
    return name
  }
}
