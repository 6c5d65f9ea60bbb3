import type { PageOutcome } from '../fetch/outcome.js'

/** A requested page that could not be obtained. */
export class NoPage extends Error {
  override readonly name = 'NoPage'

  constructor(readonly outcome: Exclude<PageOutcome, { kind: 'page' }>) {
    super(`${outcome.path}: ${describe(outcome)}`)
  }
}

/** A page that shows another state of the forum than expected, such as an older one. A later request may succeed. */
export class StalePage extends Error {
  override readonly name = 'StalePage'

  /** @param mayPersist whether the page may never change: the same answer several times in a row is then accepted */
  constructor(
    message: string,
    readonly mayPersist = false,
  ) {
    super(message)
  }
}

function describe(outcome: Exclude<PageOutcome, { kind: 'page' }>): string {
  switch (outcome.kind) {
    case 'gone':
      return 'the topic was deleted'
    case 'not-found':
      return 'not found'
    case 'index':
      return 'redirected to the forum index, so it does not exist'
    case 'login':
      return 'the site requires an account'
    case 'elsewhere':
      return 'redirected to an address outside the forum, which is not followed'
    case 'forbidden':
      return 'the site answers that it may not be read (403, or a forum that is not readable)'
    case 'cookie-gate':
      return 'the site asks for consent to cookies first; set JVC_COOKIE to the cookie of a browser that gave it'
    case 'challenge':
      return 'the site asks for a human (challenge)'
    case 'disallowed':
      return 'robots.txt does not allow it'
    case 'failed':
      return outcome.reason
  }
}
