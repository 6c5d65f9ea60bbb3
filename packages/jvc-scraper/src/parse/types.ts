/** Where a page's data was read from: its JSON payload, today's markup, or the markup of 2022 to April 2026. */
export type PageSource = 'payload' | 'html' | 'g4'

/** The author the site shows for an account that no longer exists. */
export const DELETED_AUTHOR = 'Pseudo supprimé'

/** What a row's icon says. `other` is an icon that we do not know. */
export type TopicState = 'pinned' | 'pinned-locked' | 'hot' | 'normal' | 'locked' | 'resolved' | 'other'

/** One row of a topic list. Two readings of an unchanged topic are equal field by field. */
export interface TopicRow {
  /** The third number of the address, as decimal digits: the only key of a topic (forum, slug and title may change). */
  readonly id: string
  /** The forum's number, as decimal digits. */
  readonly forumId: string
  /** The title, unescaped and trimmed. */
  readonly title: string
  /** The author, or {@link DELETED_AUTHOR}. */
  readonly author: string
  /** Path of page 1, starting with `/forums/`. */
  readonly url: string
  /** Path of the last page, starting with `/forums/`. The page behind it may be empty or redirect. */
  readonly lastPageUrl: string
  /** Page number of `lastPageUrl`, from 1. */
  readonly lastPage: number
  /** Answers, i.e. posts minus one. */
  readonly replies: number
  /** The last post's date as the page writes it: `27 juillet 2026 à 13:59:20`; the older markup has `18:24:11` or `03/01/2022`. */
  readonly lastPostDate: string
  /** The same as an instant (epoch milliseconds), or undefined when the text holds no full date. */
  readonly lastPostAt: number | undefined
  readonly state: TopicState
  /** Pinned rows stand first whatever their last post. */
  readonly pinned: boolean
  /** No new post is possible. */
  readonly locked: boolean
  /** Shown to moderators only: the topic was removed. */
  readonly deleted: boolean
}

/** One page of a forum's topic list, rows in the page's order: pinned ones first, then by last post, newest first. */
export interface TopicListPage {
  readonly kind: 'list'
  readonly source: PageSource
  readonly forumId: string
  /** This page's number from 1; rows 1 to 25 are page 1. */
  readonly page: number
  /** Pages of the list, or undefined when the page does not say. */
  readonly pageCount: number | undefined
  /** Path of the following page of the list, or undefined on the last one. */
  readonly nextUrl: string | undefined
  readonly rows: readonly TopicRow[]
  /** Why a better source was not used, one sentence each: empty when `source` is `payload`. */
  readonly passedOver: readonly string[]
  /** Rows that could not be read, one sentence each; the other rows are good. */
  readonly problems: readonly string[]
}

/** One post, as the feed will carry it plus what the crawl needs. */
export interface PostOnPage {
  /** The post's number as decimal digits without leading zeros. Ascending within a page; compare with {@link compareIds}. */
  readonly id: string
  /** The author, or {@link DELETED_AUTHOR}. Never empty. */
  readonly author: string
  /** The date as the page writes it, e.g. `02 juin 2026 à 22:25:06`: the feed's `hour`. */
  readonly date: string
  /** The same as an instant (epoch milliseconds), or undefined when it cannot be read. */
  readonly at: number | undefined
  /** The date of the last edit as written, or undefined. */
  readonly edited: string | undefined
  /** The author's own words: no quotes, no labels of spoils; lines joined by `\n`. May be empty. */
  readonly message: string
  /** Full addresses of the author's own pictures and site stickers, in order, repeats kept. */
  readonly stickers: readonly string[]
}

/** One page of a topic, posts by ascending id. */
export interface TopicPage {
  readonly kind: 'topic'
  readonly source: PageSource
  readonly topicId: string
  /** The forum's number, or undefined when the page does not say. */
  readonly forumId: string | undefined
  /** The title, unescaped and trimmed. */
  readonly title: string
  /** This page's number, from 1: compare it with the page asked for, the site redirects silently. */
  readonly page: number
  readonly pageCount: number
  /** No new post is possible. */
  readonly locked: boolean
  /** The visible posts. Deleted ones and those of blacklisted authors are left out. May be empty: a last page can be. */
  readonly posts: readonly PostOnPage[]
  /** Ids of posts left out because they are deleted or their author is on the reader's blacklist. */
  readonly hidden: readonly string[]
  /** Why a better source was not used, one sentence each: empty when `source` is `payload`. */
  readonly passedOver: readonly string[]
  /** Posts that could not be read, one sentence each; the other posts are good. */
  readonly problems: readonly string[]
}

/**
 * What an answer of the site is, at a glance:
 *
 * - `list`, `topic`: pages to parse.
 * - `index`: the forum index or the stub that redirects to it: what the site serves for a topic that never existed.
 * - `challenge`: Cloudflare wants a human. `login`: the site wants an account.
 * - `not-found` (404), `gone` (410: topic deleted), `rate-limited` (429), `unavailable` (5xx): the page's or the status' word.
 * - `unknown`: none of these; for a 200 that means the markup has changed.
 */
export type PageKind =
  'list' | 'topic' | 'index' | 'challenge' | 'login' | 'not-found' | 'gone' | 'rate-limited' | 'unavailable' | 'unknown'

/** What is known about an answer besides its body. */
export interface PageContext {
  /** HTTP status. */
  readonly status?: number | undefined
  /** Response headers by lower-case name. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>> | undefined
  /** The final address, after redirects. */
  readonly url?: string | undefined
}

/**
 * Why a page could not be read:
 *
 * - `page-not-a-list`, `page-not-a-topic`: a page of another known kind (see `pageKind`).
 * - `page-markup-unknown`: neither the payload nor one of the two known markups is there: the site has changed.
 * - `page-broken`: the page is of the right kind, but cut off or damaged beyond use.
 */
export type ParseErrorCode = 'page-not-a-list' | 'page-not-a-topic' | 'page-markup-unknown' | 'page-broken'

/** A page that could not be read. The message says what was looked for and what the page looks like. */
export class ParseError extends Error {
  override readonly name = 'ParseError'

  constructor(
    readonly code: ParseErrorCode,
    message: string,
    /** What the page is instead. */
    readonly pageKind: PageKind,
    /** One reason per generation tried, in order. */
    readonly attempts: readonly string[] = [],
  ) {
    super(message)
  }
}

/**
 * Orders two ids (decimal digits without leading zeros) as numbers, without losing digits.
 *
 * @example
 * ['10', '9'].sort(compareIds) // ['9', '10']
 */
export function compareIds(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0)
}
