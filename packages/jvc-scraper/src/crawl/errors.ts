import type { PageOutcome } from '../fetch/outcome.js'

/** A page that was asked for and is not there to be read. */
export class NoPage extends Error {
  override readonly name = 'NoPage'

  constructor(readonly outcome: Exclude<PageOutcome, { kind: 'page' }>) {
    super(`${outcome.path}: ${describe(outcome)}`)
  }
}

/** The page is one, but not of the state of the forum that was asked about: try again later. */
export class StalePage extends Error {
  override readonly name = 'StalePage'

  /** @param mayPersist it may stay so for ever, and is to be believed when it is seen again and again */
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
      return 'sent to the forum index'
    case 'login':
      return 'an account is asked for'
    case 'elsewhere':
      return 'sent to another place, which is not followed'
    case 'challenge':
      return 'the site asks for a human'
    case 'disallowed':
      return 'robots.txt does not allow it'
    case 'failed':
      return outcome.reason
  }
}
