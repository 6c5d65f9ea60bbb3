import type { Clock } from '../clock.js'
import { messageOf } from '../errors.js'
import type { Logger } from '../logger.js'
import type { Get } from './http.js'
import type { RequestGate } from './request-gate.js'
import { Robots } from './robots.js'
import type { Site } from './site.js'

/** Whether a path may be fetched; `unread` holds the reason why the rules could not be read. */
export type Verdict = 'allowed' | 'forbidden' | { readonly unread: string }

/** The time for which rules are cached (RFC 9309 §2.4). */
const FRESH_MS = 24 * 3_600_000

export interface RobotsPorts {
  readonly site: Site
  readonly get: Get
  readonly gate: RequestGate
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
  #unread = ''
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
      // The caller reports the failure, unless older rules are still in force: those are better than none.
      if (this.#robots === undefined) return
      const again = `and the next attempt is in ${retryMs / 1000} s`
      logger.warn(
        { error: this.#unread },
        `robots.txt could not be read again; its former rules stay in force, ${again}`,
      )
    }
  }

  #keep(robots: Robots, ms: number): void {
    this.#robots = robots
    this.#until = this.#ports.clock.now() + ms
  }
}
