import { backOffMs } from 'jvc-receiver/feed'
import { delay, type Clock } from '../clock.js'
import type { Counters } from '../counters.js'
import { messageOf } from '../errors.js'
import type { Logger } from '../logger.js'
import { classifyPage, type PageKind } from '../parse/index.js'
import type { ChallengeGuard } from './challenge-guard.js'
import type { Get, HttpAnswer } from './http.js'
import type { PageOutcome, RefusalKind } from './outcome.js'
import type { RequestGate, Slot } from './request-gate.js'
import type { RetryPolicy } from './retry-policy.js'
import { retryAfterMs } from './retry-after.js'
import type { RobotsFile } from './robots-file.js'
import { targetOf, type Site } from './site.js'

export interface FetcherPorts {
  readonly site: Site
  readonly get: Get
  readonly gate: RequestGate
  readonly robots: Pick<RobotsFile, 'ask'>
  readonly challenges: ChallengeGuard
  readonly clock: Clock
  readonly random: () => number
  readonly counters: Counters
  readonly logger: Logger
  readonly retryPolicy: RetryPolicy
}

type Step =
  | PageOutcome
  | { readonly kind: 'redirect'; readonly to: string }
  | { readonly kind: 'again'; readonly reason: string; readonly waitMs: number | undefined }

const MAX_REDIRECTS = 3

const REFUSALS: ReadonlySet<string> = new Set<RefusalKind>([
  'gone',
  'not-found',
  'index',
  'login',
  'forbidden',
  'cookie-gate',
])

/** Fetches pages of the site: through the request gate, with retries, and from no other host. */
export class PageFetcher {
  readonly #ports: FetcherPorts

  constructor(ports: FetcherPorts) {
    this.#ports = ports
  }

  /**
   * Fetches one page. Failures are outcomes, not exceptions.
   *
   * @param path a path of the topic grammar
   * @param options `urgent` overtakes all waiting requests
   * @throws the signal's reason when it aborts
   */
  async page(path: string, signal: AbortSignal, options: { readonly urgent?: boolean } = {}): Promise<PageOutcome> {
    const { retryPolicy, clock, random, counters } = this.#ports
    let at = path
    for (let attempt = 1, redirects = 0; ;) {
      const verdict = await this.#ports.robots.ask(at, signal)
      if (verdict === 'forbidden') return { kind: 'disallowed', path: at }
      if (verdict !== 'allowed' && verdict.isChallenge) return { kind: 'challenge', path: at }
      if (verdict !== 'allowed') {
        const reason = `robots.txt could not be read (${verdict.unread}), and nothing is fetched before it is`
        return { kind: 'failed', path: at, reason }
      }
      const step = await this.#attempt(at, signal, options)
      if (step.kind === 'redirect') {
        counters.add('redirects')
        if (++redirects > MAX_REDIRECTS) return { kind: 'failed', path: at, reason: 'redirected in a circle' }
        at = step.to
        continue
      }
      if (step.kind !== 'again') return step
      if (attempt >= retryPolicy.attempts) return { kind: 'failed', path: at, reason: step.reason }
      counters.add('retries')
      const pause = backOffMs(attempt++, { baseMs: retryPolicy.retryMs, maxMs: retryPolicy.maxRetryMs }, random())
      await delay(clock, Math.max(pause, step.waitMs ?? 0), signal)
    }
  }

  async #attempt(path: string, signal: AbortSignal, options: { readonly urgent?: boolean }): Promise<Step> {
    const { site, get, gate, counters, challenges, logger } = this.#ports
    const slot = await gate.acquire(signal, options)
    counters.add('requests')
    let answered = false
    try {
      const answer = await get(site.origin + path, signal)
      const step = this.#judge(path, answer, slot)
      answered = step.kind !== 'again' && step.kind !== 'challenge' && answer.status !== 403
      if (answered) challenges.answered()
      return step
    } catch (error) {
      if (signal.aborted) throw signal.reason
      counters.add('networkErrors')
      logger.debug({ path, error: messageOf(error) }, 'a page could not be fetched')
      return { kind: 'again', reason: messageOf(error), waitMs: undefined }
    } finally {
      slot.release(answered)
    }
  }

  #judge(path: string, answer: HttpAnswer, slot: Slot): Step {
    const { status, headers, body } = answer
    if (status >= 300 && status < 400 && status !== 304) return this.#redirected(path, headers['location'])
    const kind = classifyPage(body, { status, headers, url: path })
    if (kind === 'challenge') {
      this.#ports.challenges.challenged(slot.startedAt)
      return { kind, path }
    }
    if (status === 403) {
      const isChallenge = this.#ports.challenges.refused(path, slot.startedAt)
      return { kind: isChallenge ? 'challenge' : 'forbidden', path }
    }
    if (
      kind === 'rate-limited' ||
      kind === 'unavailable' ||
      kind === 'maintenance' ||
      status === 408 ||
      status === 425
    ) {
      const reason = kind === 'maintenance' ? `the site is under maintenance (HTTP ${status})` : `HTTP ${status}`
      return this.#refused(kind === 'rate-limited' ? 'rateLimited' : 'unavailable', answer, reason)
    }
    if (isRefusal(kind)) return { kind, path }
    if (status >= 400) return { kind: 'failed', path, reason: `HTTP ${status}` }
    return { kind: 'page', path, html: body }
  }

  #redirected(path: string, location: string | string[] | undefined): Step {
    const to = typeof location === 'string' ? location : ''
    const target = targetOf(this.#ports.site, path, to)
    if (target.kind === 'page') return { kind: 'redirect', to: target.path }
    return { kind: target.kind, path }
  }

  /** Pauses all requests for as long as the site asks. */
  #refused(counter: 'rateLimited' | 'unavailable', { headers }: HttpAnswer, reason: string): Step {
    const { clock, counters, gate, retryPolicy } = this.#ports
    counters.add(counter)
    const waitMs = retryAfterMs(headers['retry-after'], clock.now(), retryPolicy.maxRetryAfterMs)
    if (waitMs !== undefined) gate.pause(waitMs)
    return { kind: 'again', reason, waitMs }
  }
}

/** Returns whether a page of this kind is a final answer without data. */
function isRefusal(kind: PageKind): kind is PageKind & RefusalKind {
  return REFUSALS.has(kind)
}
