import { ScraperError } from '../errors.js'
import { formatAddress, parseAddress, type ForumAddress } from '../parse/index.js'

/** The forum to read: one host, one list. */
export interface Site {
  /** Scheme, host and port, e.g. `https://www.jeuxvideo.com`. Nothing else is ever fetched from. */
  readonly origin: string
  readonly list: ForumAddress
}

export const DEFAULT_FORUM = 'https://www.jeuxvideo.com/forums/0-51-0-1-0-1-0-blabla-18-25-ans.htm'

/**
 * The site of the address of a topic list.
 *
 * @throws ScraperError `address-not-allowed` when it is no such address
 */
export function siteOf(forum: string): Site {
  const url = URL.canParse(forum) ? new URL(forum) : undefined
  const list = parseAddress(url?.pathname)
  if (url === undefined || !/^https?:$/.test(url.protocol) || list?.kind !== 'list') {
    const message = `"${forum}" is not the address of a forum's topic list. Give one such as ${DEFAULT_FORUM}.`
    throw new ScraperError('address-not-allowed', message)
  }
  return { origin: url.origin, list: { ...list, page: 1 } }
}

/** Where a redirect leads, seen from the site. */
export type Target =
  | { readonly kind: 'page'; readonly path: string }
  | { readonly kind: 'index' }
  | { readonly kind: 'login' }
  | { readonly kind: 'elsewhere' }

/** Only addresses of the topic grammar on the site's own host are followed; the path is written anew from its parts. */
export function targetOf(site: Site, from: string, location: string): Target {
  if (!URL.canParse(location, site.origin + from)) return { kind: 'elsewhere' }
  const url = new URL(location, site.origin + from)
  if (url.pathname === '/forums.htm' || url.pathname === '/forums') return { kind: 'index' }
  if (/^\/(?:sso\/)?login\b/.test(url.pathname)) return { kind: 'login' }
  const address = url.origin === site.origin ? parseAddress(url.pathname) : undefined
  return address === undefined ? { kind: 'elsewhere' } : { kind: 'page', path: formatAddress(address) }
}
