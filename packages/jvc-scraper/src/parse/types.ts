/** The source of a page's data: its JSON payload, today's markup, or the markup of 2022 to April 2026. */
export type PageSource = 'payload' | 'html' | 'g4'

/** The author that the site shows for a deleted account. */
export const DELETED_AUTHOR = 'Pseudo supprimé'

/** The state that a row's icon shows. `other` is an unknown icon. */
export type TopicState = 'pinned' | 'pinned-locked' | 'hot' | 'normal' | 'locked' | 'resolved' | 'other'

/** One row of a topic list. Two rows of an unchanged topic are equal field by field. */
export interface TopicRow {
  /** The topic's number as decimal digits: its only stable key, because forum, slug and title may change. */
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
  /** The number of answers, i.e. posts minus one. */
  readonly replies: number
  /** The last post's date as the page writes it: `27 juillet 2026 à 13:59:20`; the older markup has `18:24:11` or `03/01/2022`. */
  readonly lastPostDate: string
  /** The last post's instant (epoch milliseconds), or undefined when the text holds no full date. */
  readonly lastPostAt: number | undefined
  readonly state: TopicState
  /** Whether the topic is pinned. Pinned rows come first, whatever their last post. */
  readonly pinned: boolean
  /** Whether the topic is closed for new posts. */
  readonly locked: boolean
  /** Whether the topic was removed; such rows are shown to moderators only. */
  readonly deleted: boolean
}

/** One page of a forum's topic list, rows in the page's order: pinned ones first, then by last post, newest first. */
export interface TopicListPage {
  readonly kind: 'list'
  readonly source: PageSource
  readonly forumId: string
  /** This page's number from 1; rows 1 to 25 are page 1. */
  readonly page: number
  /** The number of pages of the list, or undefined when unknown. */
  readonly pageCount: number | undefined
  /** Path of the next page of the list, or undefined on the last one. */
  readonly nextUrl: string | undefined
  readonly rows: readonly TopicRow[]
  /** The reasons why better sources were not used, one sentence each: empty when `source` is `payload`. */
  readonly passedOver: readonly string[]
  /** The unreadable rows, one sentence each. */
  readonly problems: readonly string[]
}

/** A post that another one quotes, as the head of the quote names it. */
export interface QuotedPost {
  /** The author of the quoted post, or undefined when the quote does not name one. */
  readonly author: string | undefined
  /** The date of the quoted post as written, e.g. `02 juin 2026 à 22:25:06`. */
  readonly date: string
  /** The date as an instant (epoch milliseconds), or undefined when it cannot be parsed. */
  readonly at: number | undefined
}

/** One post of a topic page. */
export interface PostOnPage {
  /** The post's number as decimal digits without leading zeros. Ascending within a page; compare with {@link compareIds}. */
  readonly id: string
  /** The author, or {@link DELETED_AUTHOR}. Never empty. */
  readonly author: string
  /** The date as the page writes it, e.g. `02 juin 2026 à 22:25:06`: the feed's `hour`. */
  readonly date: string
  /** The date as an instant (epoch milliseconds), or undefined when it cannot be parsed. */
  readonly at: number | undefined
  /** The date of the last edit as written, or undefined. */
  readonly edited: string | undefined
  /** The author's own words without quotes and labels of spoils, lines joined by `\n`. May be empty. */
  readonly message: string
  /** Full addresses of the author's own pictures and site stickers in order, with repetitions. */
  readonly stickers: readonly string[]
  /** Full addresses of the author's own links and videos in order, with repetitions. */
  readonly links: readonly string[]
  /** The posts that this one quotes directly, in order. */
  readonly quotes: readonly QuotedPost[]
  /** The number of the page on which the post was read, from 1. */
  readonly page: number
  /** Path of the post itself, which stays valid when the post moves to another page: `/forums/message/{id}`. */
  readonly permalink: string
}

/** One page of a topic, posts by ascending id. */
export interface TopicPage {
  readonly kind: 'topic'
  readonly source: PageSource
  readonly topicId: string
  /** The forum's number, or undefined when unknown. */
  readonly forumId: string | undefined
  /** The title, unescaped and trimmed. */
  readonly title: string
  /** This page's number, from 1. Compare it with the page requested, because the site redirects silently. */
  readonly page: number
  readonly pageCount: number
  /** Whether the topic is closed for new posts. */
  readonly locked: boolean
  /** The visible posts, without deleted ones and those of blacklisted authors. May be empty on a last page. */
  readonly posts: readonly PostOnPage[]
  /** Ids of posts that are deleted or whose author is on the reader's blacklist. */
  readonly hidden: readonly string[]
  /** The reasons why better sources were not used, one sentence each: empty when `source` is `payload`. */
  readonly passedOver: readonly string[]
  /** The unreadable posts, one sentence each. */
  readonly problems: readonly string[]
}

/**
 * The kind of an answer of the site:
 *
 * - `list`, `topic`: pages to parse.
 * - `index`: the forum index or the stub that redirects to it, which the site serves for a topic that never existed.
 * - `challenge`: Cloudflare asks for a human. `login`: the site requires an account.
 * - `not-found` (404), `gone` (410: topic deleted), `rate-limited` (429), `unavailable` (5xx), by status or by text.
 * - `maintenance`: the site is closed for a while. `forbidden` (403): the forum or topic may not be read.
 * - `cookie-gate`: the site asks for consent to cookies before it shows the page.
 * - `unknown`: none of these. With status 200 the markup has changed.
 */
export type PageKind =
  | 'list'
  | 'topic'
  | 'index'
  | 'challenge'
  | 'login'
  | 'not-found'
  | 'gone'
  | 'rate-limited'
  | 'unavailable'
  | 'maintenance'
  | 'forbidden'
  | 'cookie-gate'
  | 'unknown'

/** The parts of an answer besides its body. */
export interface PageContext {
  /** HTTP status. */
  readonly status?: number | undefined
  /** Response headers by lower-case name. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>> | undefined
  /** The final address, after redirects. */
  readonly url?: string | undefined
}

/**
 * The reason why a page could not be read:
 *
 * - `page-not-a-list`, `page-not-a-topic`: a page of another known kind (see `pageKind`).
 * - `page-markup-unknown`: the page holds neither the payload nor one of the two known markups, so the site has changed.
 * - `page-broken`: the page is of the right kind, but truncated or damaged beyond use.
 */
export type ParseErrorCode = 'page-not-a-list' | 'page-not-a-topic' | 'page-markup-unknown' | 'page-broken'

/** Thrown when a page cannot be read. The message names the sources tried and describes the page. */
export class ParseError extends Error {
  override readonly name = 'ParseError'

  constructor(
    readonly code: ParseErrorCode,
    message: string,
    /** The kind of page that was received instead. */
    readonly pageKind: PageKind,
    /** The reasons, one per source tried, in order. */
    readonly attempts: readonly string[] = [],
  ) {
    super(message)
  }
}

/**
 * Compares two ids (decimal digits without leading zeros) as numbers, without loss of precision.
 *
 * @example
 * ['10', '9'].sort(compareIds) // ['9', '10']
 */
export function compareIds(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0)
}
