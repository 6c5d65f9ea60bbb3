/** The outcome of requesting a page. Only `page` holds something to parse. */
export type PageOutcome =
  | {
      readonly kind: 'page'
      readonly html: string
      /** The path of the page that was served, after redirects. */
      readonly path: string
    }
  /** `gone` (410): the topic was deleted. `not-found` (404) or `index` (a redirect there): it never existed or is hidden. */
  | { readonly kind: 'gone' | 'not-found' | 'index' | 'login'; readonly path: string }
  /** A redirect to an address that is not followed. */
  | { readonly kind: 'elsewhere'; readonly path: string }
  /** Cloudflare asks for a human. All requests pause. */
  | { readonly kind: 'challenge'; readonly path: string }
  /** The last of several attempts failed: 429, 5xx, a time-out, a broken connection. */
  | { readonly kind: 'failed'; readonly path: string; readonly reason: string }
  /** robots.txt forbids the path. */
  | { readonly kind: 'disallowed'; readonly path: string }
