/**
 * An answer of the site that holds no data:
 *
 * - `gone` (410): the topic was deleted.
 * - `not-found` (404), `index` (a redirect there): the topic never existed or is hidden.
 * - `login`: the site requires an account.
 * - `forbidden` (403): the forum or topic may not be read.
 * - `cookie-gate`: the site asks for consent to cookies first.
 */
export type RefusalKind = 'gone' | 'not-found' | 'index' | 'login' | 'forbidden' | 'cookie-gate'

/** The outcome of requesting a page. Only `page` holds something to parse. */
export type PageOutcome =
  | {
      readonly kind: 'page'
      readonly html: string
      /** The path of the page that was served, after redirects. */
      readonly path: string
    }
  | { readonly kind: RefusalKind; readonly path: string }
  /** A redirect to an address that is not followed. */
  | { readonly kind: 'elsewhere'; readonly path: string }
  /** Cloudflare asks for a human. All requests pause. */
  | { readonly kind: 'challenge'; readonly path: string }
  /** The last of several attempts failed: 429, 5xx, a time-out, a broken connection. */
  | { readonly kind: 'failed'; readonly path: string; readonly reason: string }
  /** robots.txt forbids the path. */
  | { readonly kind: 'disallowed'; readonly path: string }
