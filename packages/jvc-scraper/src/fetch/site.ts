import { ScraperError } from '../errors.js'
import { formatAddress, parseAddress, type ForumAddress } from '../parse/index.js'

/** The forum to read: one host and one topic list. */
export interface Site {
  /** Scheme, host and port, such as `https://www.jeuxvideo.com`. No other origin is ever requested. */
  readonly origin: string
  readonly list: ForumAddress
}

export const DEFAULT_FORUM = 'https://www.jeuxvideo.com/forums/0-51-0-1-0-1-0-blabla-18-25-ans.htm'

/**
 * Derives the site from the address of its topic list.
 *
 * @throws ScraperError `address-not-allowed` when the text is no such address
 */
export function siteOf(forum: string): Site {
  const url = URL.canParse(forum) ? new URL(forum) : undefined
  const list = parseAddress(url?.pathname)
  if (url === undefined || !/^https?:$/.test(url.protocol) || list?.kind !== 'list') {
    const message = `"${forum}" is not the address of a forum's topic list. Give one such as ${DEFAULT_FORUM}`
    throw new ScraperError('address-not-allowed', message)
  }
  return { origin: url.origin, list: { ...list, page: 1 } }
}

/** The target of a redirect. */
export type Target =
  | { readonly kind: 'page'; readonly path: string }
  | { readonly kind: 'index' }
  | { readonly kind: 'login' }
  | { readonly kind: 'elsewhere' }

/** Judges a redirect. Only forum addresses on the site's own host are followed, and their path is rebuilt from its parts. */
export function targetOf(site: Site, from: string, location: string): Target {
  if (!URL.canParse(location, site.origin + from)) return { kind: 'elsewhere' }
  const url = new URL(location, site.origin + from)
  if (url.pathname === '/forums.htm' || url.pathname === '/forums') return { kind: 'index' }
  if (/^\/(?:sso\/)?login\b/.test(url.pathname)) return { kind: 'login' }
  const address = url.origin === site.origin ? parseAddress(url.pathname) : undefined
  return address === undefined ? { kind: 'elsewhere' } : { kind: 'page', path: formatAddress(address) }
}
