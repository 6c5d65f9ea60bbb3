import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { hostname } from 'node:os'

const COOKIE = 'dstream_session'

/** Returns the name in a `Host` header, without the port and the brackets of an IPv6 address. */
function nameIn(header: string): string {
  return (/^\[([^\]]*)\]/.exec(header)?.[1] ?? header.replace(/:\d+$/, '')).toLowerCase()
}

/**
 * Whether a request asks for this server under a name of its own. A page of a stranger whose name has been rebound to this
 * address asks under that name. An address in place of a name cannot be rebound.
 */
export function isOwnHost(header: string | undefined, allowed: readonly string[]): boolean {
  if (header === undefined) return false
  const name = nameIn(header)
  if (isIP(name) !== 0 || name === 'localhost') return true
  return [hostname(), ...allowed].some((known) => known.toLowerCase() === name)
}

/** The policy of the page: scripts and styles of its own only, pictures of its own and of the hosts that are allowed. */
export function contentPolicy(images: readonly string[]): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    `img-src ${["'self'", ...images].join(' ')}`,
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

/** Knows who may look. The cookie of the page holds a digest, so that the token itself is not kept by the browser. */
export class Access {
  readonly #token: string | undefined

  constructor(token: string | undefined) {
    this.#token = token
  }

  /** Whether everyone who reaches the server may look. */
  get isOpen(): boolean {
    return this.#token === undefined
  }

  isToken(given: string): boolean {
    return this.#token !== undefined && isSame(given, this.#token)
  }

  /** Whether a request brings the token, or the cookie of a page that has. */
  mayLook({ headers }: IncomingMessage): boolean {
    if (this.#token === undefined) return true
    const bearer = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1]
    if (bearer !== undefined && this.isToken(bearer)) return true
    const cookie = new RegExp(`(?:^|;\\s*)${COOKIE}=([^;]+)`).exec(headers.cookie ?? '')?.[1]
    return cookie !== undefined && isSame(cookie, this.#session)
  }

  /** The header that signs a browser in, until it is closed. */
  get cookie(): string {
    return `${COOKIE}=${this.#session}; Path=/; HttpOnly; SameSite=Strict`
  }

  get #session(): string {
    return createHash('sha256').update(`dstream page ${this.#token}`).digest('hex')
  }
}

/** Compares in a time that says nothing about the texts. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}
