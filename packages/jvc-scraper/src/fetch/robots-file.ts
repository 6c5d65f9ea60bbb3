import type { Clock } from '../clock.js'
import { messageOf } from '../errors.js'
import type { Logger } from '../logger.js'
import type { Get } from './http.js'
import type { RequestGate } from './request-gate.js'
import { Robots } from './robots.js'
import type { Site } from './site.js'

/** What the site says of a path; `unread` is why it could not be asked, in words. */
export type Verdict = 'allowed' | 'forbidden' | { readonly unread: string }

/** How long rules are believed (RFC 9309 §2.4). */
const FRESH_MS = 24 * 3_600_000

export interface RobotsPorts {
  readonly site: Site
  readonly get: Get
  readonly gate: RequestGate
  readonly clock: Clock
  readonly logger: Logger
  /** false: the operator answers for it (`--ignore-robots`). */
  readonly obey: boolean
  /** How soon a file that could not be read is asked for again, in milliseconds. */
  readonly retryMs: number
}

/**
 * The site's robots.txt, read before the first page and again when it is old. A 4xx means there is none and everything is
 * allowed; as long as it was never read nothing is (RFC 9309 §2.3.1). A 403 is taken for a challenge, not for an answer.
 */
export class RobotsFile {
  readonly #ports: RobotsPorts
  #robots: Robots | undefined
  #unread = ''
  #until = -Infinity
  #reading: Promise<void> | undefined

  constructor(ports: RobotsPorts) {
    this.#ports = ports
  }

  /** Whether a path may be fetched; reads the file first when that is due. */
  async ask(path: string, signal: AbortSignal): Promise<Verdict> {
    if (!this.#ports.obey) return 'allowed'
    if (this.#ports.clock.now() >= this.#until) {
      this.#reading ??= this.#read(signal).finally(() => (this.#reading = undefined))
      await this.#reading
    }
    if (this.#robots === undefined) return { unread: this.#unread }
    return this.#robots.allows(path) ? 'allowed' : 'forbidden'
  }

  async #read(signal: AbortSignal): Promise<void> {
    const { site, get, gate, clock, logger, retryMs } = this.#ports
    const slot = await gate.acquire(signal, { urgent: true })
    try {
      const { status, body } = await get(`${site.origin}/robots.txt`, signal)
      slot.release(status < 400)
      if (status >= 200 && status < 300) this.#keep(new Robots(body), FRESH_MS)
      else if (status >= 400 && status < 500 && status !== 429 && status !== 403)
        this.#keep(Robots.everything, FRESH_MS)
      else throw new Error(`HTTP ${status}`)
    } catch (error) {
      slot.release(false)
      if (signal.aborted) throw signal.reason
      this.#until = clock.now() + retryMs
      this.#unread = messageOf(error)
      // Who asks tells of the failure, unless there are rules to go on with: they are better than none.
      if (this.#robots === undefined) return
      const again = `it will be tried again in ${retryMs / 1000} s`
      logger.warn({ error: this.#unread }, `robots.txt could not be read anew; its rules of before stand, ${again}`)
    }
  }

  #keep(robots: Robots, ms: number): void {
    this.#robots = robots
    this.#until = this.#ports.clock.now() + ms
  }
}
