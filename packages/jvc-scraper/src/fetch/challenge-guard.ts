import type { Clock } from '../clock.js'
import type { Counters } from '../counters.js'
import type { Logger } from '../logger.js'
import { parseAddress } from '../parse/index.js'
import type { RequestGate } from './request-gate.js'
import type { RetryPolicy } from './retry-policy.js'

export interface ChallengeGuardPorts {
  readonly gate: Pick<RequestGate, 'pause'>
  readonly clock: Clock
  readonly counters: Counters
  readonly logger: Logger
  readonly retryPolicy: Pick<RetryPolicy, 'challengeMs' | 'maxChallengeMs'>
}

/** The number of different topics or lists answered with 403, and nothing else in between, that amounts to a challenge. */
const REFUSALS_OF_A_CHALLENGE = 3

const ADVICE =
  'Solve it in a browser, then set JVC_COOKIE and JVC_USER_AGENT to the cookie and User-Agent of that browser.'

/**
 * Pauses all requests while the site asks for a human, with pauses that double.
 *
 * A 403 without a mark of a challenge may concern one topic only, so it pauses nothing until several different topics or
 * lists were refused in a row.
 */
export class ChallengeGuard {
  readonly #ports: ChallengeGuardPorts
  readonly #refused = new Set<string>()
  #challenges = 0
  #lastPauseAt = -Infinity

  constructor(ports: ChallengeGuardPorts) {
    this.#ports = ports
  }

  /**
   * Handles an answer with the mark of a challenge. A request that began before the last pause brings no news and extends
   * nothing.
   *
   * @param startedAt the start of the request, epoch milliseconds
   */
  challenged(startedAt: number): void {
    const { counters, logger, gate, retryPolicy, clock } = this.#ports
    counters.add('challenges')
    if (startedAt < this.#lastPauseAt) return
    const { challengeMs, maxChallengeMs } = retryPolicy
    const pauseMs = Math.min(challengeMs * 2 ** Math.min(this.#challenges++, 30), maxChallengeMs)
    gate.pause(pauseMs)
    this.#lastPauseAt = clock.now() + 1
    logger.warn(
      { pauseSeconds: pauseMs / 1000, challenges: counters.get('challenges') },
      `the site asks for a human (challenge), so nothing is fetched for ${pauseMs / 1000} s. ${ADVICE}`,
    )
  }

  /**
   * Handles a 403 without the mark of a challenge.
   *
   * @param startedAt the start of the request, epoch milliseconds
   * @returns whether it counts as a challenge, because several different topics or lists were refused
   */
  refused(path: string, startedAt: number): boolean {
    const address = parseAddress(path)
    this.#refused.add(address === undefined ? path : `${address.kind} ${address.topicId}`)
    if (this.#refused.size < REFUSALS_OF_A_CHALLENGE) return false
    this.challenged(startedAt)
    return true
  }

  /** Handles an ordinary answer, which ends the series. */
  answered(): void {
    this.#challenges = 0
    this.#refused.clear()
  }
}
