/** What came of asking for a page. Only `page` holds something to parse. */
export type PageOutcome =
  | {
      readonly kind: 'page'
      readonly html: string
      /** Path of the page that was served, after redirects. */ readonly path: string
    }
  /** 410: the topic was deleted. 404, or sent to the forum index: it never existed or is hidden. An account is asked for. */
  | { readonly kind: 'gone' | 'not-found' | 'index' | 'login'; readonly path: string }
  /** Sent to an address that is not followed. */
  | { readonly kind: 'elsewhere'; readonly path: string }
  /** Cloudflare wants a human. Everything pauses. */
  | { readonly kind: 'challenge'; readonly path: string }
  /** Tried as often as is civil: 429, 5xx, time-outs, broken connections. */
  | { readonly kind: 'failed'; readonly path: string; readonly reason: string }
  /** robots.txt does not allow it. */
  | { readonly kind: 'disallowed'; readonly path: string }
