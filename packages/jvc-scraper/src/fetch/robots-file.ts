import type { Clock } from '../clock.js'
import { messageOf } from '../errors.js'
import type { Logger } from '../logger.js'
import { classifyPage } from '../parse/index.js'
import type { ChallengeGuard } from './challenge-guard.js'
import type { Get, HttpAnswer } from './http.js'
import type { RequestGate } from './request-gate.js'
import { Robots } from './robots.js'
import type { Site } from './site.js'

/** Whether a path may be fetched; `unread` holds the reason why the rules could not be read. */
export type Verdict = 'allowed' | 'forbidden' | { readonly unread: string; readonly isChallenge: boolean }

/** The time for which rules are cached (RFC 9309 §2.4). */
const FRESH_MS = 24 * 3_600_000
/** The number of redirects followed (RFC 9309 §2.3.1.2). */
const MAX_REDIRECTS = 5
/** The longest Crawl-delay that is honoured, in milliseconds, so that a mistake cannot stop the crawl for good. */
const MAX_CRAWL_DELAY_MS = 600_000

export interface RobotsPorts {
  readonly site: Site
  readonly get: Get
  readonly gate: RequestGate
  readonly challenges: Pick<ChallengeGuard, 'challenged'>
  readonly clock: Clock
  readonly logger: Logger
  /** Whether robots.txt is obeyed; false with `--ignore-robots`. */
  readonly obey: boolean
  /** The pause before a file that could not be read is requested again, in milliseconds. */
  readonly retryMs: number
}

/**
 * Reads the site's robots.txt before the first page, and again when it is old. A 4xx means that there is none and
 * everything is allowed; until the file was read nothing is (RFC 9309 §2.3.1). A 403 counts as a challenge instead.
 */
export class RobotsFile {
  readonly #ports: RobotsPorts
  #robots: Robots | undefined
  #unread: Exclude<Verdict, string> = { unread: '', isChallenge: false }
  #until = -Infinity
  #reading: Promise<void> | undefined

  constructor(ports: RobotsPorts) {
    this.#ports = ports
  }

  /** Returns whether a path may be fetched. Reads the file first when that is due. */
  async ask(path: string, signal: AbortSignal): Promise<Verdict> {
    if (!this.#ports.obey) return 'allowed'
    if (this.#ports.clock.now() >= this.#until) {
      this.#reading ??= this.#read(signal).finally(() => (this.#reading = undefined))
      await this.#reading
    }
    if (this.#robots === undefined) return this.#unread
    return this.#robots.allows(path) ? 'allowed' : 'forbidden'
  }

  async #read(signal: AbortSignal): Promise<void> {
    const { site, clock, logger, retryMs } = this.#ports
    try {
      this.#keep(await this.#fetch(`${site.origin}/robots.txt`, signal))
    } catch (error) {
      if (signal.aborted) throw signal.reason
      this.#until = clock.now() + retryMs
      this.#unread = { unread: messageOf(error), isChallenge: error instanceof Challenge }
      // The caller reports the failure, unless older rules are still in force: those are better than none.
      if (this.#robots === undefined) return
      const again = `and the next attempt is in ${retryMs / 1000} s`
      const message = `robots.txt could not be read again; its former rules stay in force, ${again}`
      logger.warn({ error: this.#unread.unread }, message)
    }
  }

  /** Fetches the rules, with up to five redirects. More of them count as no robots.txt, as RFC 9309 allows. */
  async #fetch(start: string, signal: AbortSignal): Promise<Robots> {
    let url = start
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const { status, headers, body } = await this.#get(url, signal)
      if (status >= 200 && status < 300) return new Robots(body)
      if (status >= 300 && status < 400) url = targetOf(url, headers['location'], this.#ports.site)
      else if (status >= 400 && status < 500 && status !== 429) return Robots.everything
      else throw new Error(`HTTP ${status}`)
    }
    return Robots.everything
  }

  async #get(url: string, signal: AbortSignal): Promise<HttpAnswer> {
    const { site, get, gate, challenges } = this.#ports
    const slot = await gate.acquire(signal, { urgent: true })
    let answered = false
    try {
      // The operator's cookie is meant for the site, not for the target of a redirect elsewhere.
      const answer = await get(url, signal, { withCookie: new URL(url).origin === site.origin })
      const { status, headers, body } = answer
      if (status === 403 || classifyPage(body, { status, headers }) === 'challenge') {
        challenges.challenged(slot.startedAt)
        throw new Challenge(`HTTP ${status}, a challenge`)
      }
      answered = status < 400
      return answer
    } finally {
      slot.release(answered)
    }
  }

  #keep(robots: Robots): void {
    const { clock, gate, logger } = this.#ports
    const { crawlDelayMs } = robots
    this.#robots = robots
    this.#until = clock.now() + FRESH_MS
    gate.minGapMs = Math.min(crawlDelayMs, MAX_CRAWL_DELAY_MS)
    if (crawlDelayMs > 0) {
      const seconds = gate.minGapMs / 1000
      logger.info(
        { crawlDelay: crawlDelayMs / 1000 },
        `robots.txt asks for a pause of ${seconds} s between two requests`,
      )
    }
  }
}

/** Thrown when the site asks for a human in place of its robots.txt. */
class Challenge extends Error {
  override readonly name = 'Challenge'
}

const PRIVATE_HOST =
  /^(?:localhost|127\.|10\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|0\.|\[(?:::|f[cd]|fe80)|.*\.(?:local|internal)$)/i

/**
 * Returns the target of a redirect, which may be on another host (RFC 9309 §2.3.1.2), but not on a private one that is not
 * the site's own.
 */
function targetOf(from: string, location: string | string[] | undefined, site: Site): string {
  const to = typeof location === 'string' ? location : ''
  const url = URL.canParse(to, from) ? new URL(to, from) : undefined
  if (to === '' || url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new Error(`a redirect to "${to.slice(0, 200)}", which is no http address`)
  }
  if (PRIVATE_HOST.test(url.hostname) && url.hostname !== new URL(site.origin).hostname) {
    throw new Error(`a redirect to the private host ${url.hostname}`)
  }
  return url.href
}
