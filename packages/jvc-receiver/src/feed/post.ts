import { FeedError } from './errors.js'
import { printable } from './printable.js'

/** A post that another one quotes, as the head of the quote names it. */
export interface QuotedPost {
  /** The author of the quoted post; left out when the quote names none. */
  auteur?: string
  /** The date of the quoted post as the forum writes it, Europe/Paris. */
  hour: string
  /** The same as an instant, epoch milliseconds. */
  at?: number
}

/**
 * One post of the forum. The names are those of the feed, which are French.
 *
 * The first six fields are always there. The further ones are there when the feed has them.
 */
export interface Post {
  /** The post's number as decimal digits. A string, because the number may one day exceed 2^53. */
  id: string
  /** The date as the forum writes it, e.g. `02 juin 2026 à 22:25:06`, Europe/Paris. */
  hour: string
  /** The topic's title. */
  topic: string
  /** The author. */
  auteur: string
  /** The author's own words, lines joined by `\n`; quotes are left out. */
  message: string
  /** Full addresses of the pictures in the post, repeats kept. */
  stickers: string[]
  /** The topic's number: two topics may have the same title. */
  topicId?: string
  /** The forum's number. */
  forumId?: string
  /** The page of the topic on which the post was read, from 1. */
  page?: number
  /** The full address of the post. */
  permalink?: string
  /** The date as an instant, epoch milliseconds. */
  at?: number
  /** The date of the last edit as the forum writes it. */
  edited?: string
  /** Full addresses of the links and videos in the post. */
  links?: string[]
  /** The posts that this one quotes, in order. */
  quotes?: QuotedPost[]
}

/** The fields that every post has, in the order in which the feed writes them. */
export const postFields = ['id', 'hour', 'topic', 'auteur', 'message', 'stickers'] as const

/** The fields that follow when the feed has them, in its order. */
export const furtherFields = ['topicId', 'forumId', 'page', 'permalink', 'at', 'edited', 'links', 'quotes'] as const

type Loose = { [K in keyof Post]?: unknown }

/**
 * Returns the post that a parsed line holds. Keys that are no field of a post are left out, and so are further fields
 * of another type.
 *
 * @throws FeedError `post-field` naming the first field that is missing or of the wrong type
 */
export function toPost(value: unknown): Post {
  const loose = value as Loose
  // A new object, not the parsed one: further keys may follow in a line, and hostile ones must not travel on.
  if (
    typeof value === 'object' &&
    value !== null &&
    typeof loose.id === 'string' &&
    typeof loose.hour === 'string' &&
    typeof loose.topic === 'string' &&
    typeof loose.auteur === 'string' &&
    typeof loose.message === 'string' &&
    areStrings(loose.stickers) &&
    loose.id !== ''
  ) {
    const post: Post = {
      id: loose.id,
      hour: loose.hour,
      topic: loose.topic,
      auteur: loose.auteur,
      message: loose.message,
      stickers: loose.stickers,
    }
    return addFurther(post, loose)
  }
  throw new FeedError('post-field', whatIsWrong(value))
}

/** Return the field of a post for that of a line, undefined for one of another type. */
const READERS: { readonly [F in keyof Post]-?: (value: unknown) => Post[F] | undefined } = {
  id: (value) => (value === '' ? undefined : text(value)),
  hour: text,
  topic: text,
  auteur: text,
  message: text,
  stickers: texts,
  topicId: text,
  forumId: text,
  page: numeric,
  permalink: text,
  at: numeric,
  edited: text,
  links: texts,
  quotes: (value) => (Array.isArray(value) ? value.flatMap(toQuote) : undefined),
}

/**
 * Returns some fields of the post that a parsed line holds, checked as {@link toPost} checks them.
 *
 * @throws FeedError `post-field` naming the first of these fields that is missing or of the wrong type
 */
export function toFields<K extends keyof Post>(fields: readonly K[], loose: { [F in K]?: unknown }): Pick<Post, K> {
  const post: { [F in K]?: unknown } = {}
  for (const field of fields) {
    const value = READERS[field](loose[field])
    if (value !== undefined) post[field] = value
    else if (isRequired(field)) throw new FeedError('post-field', whatIsWrong(loose, [field]))
  }
  return post as Pick<Post, K>
}

function isRequired(field: string): field is (typeof postFields)[number] {
  return (postFields as readonly string[]).includes(field)
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function texts(value: unknown): string[] | undefined {
  return areStrings(value) ? value : undefined
}

function numeric(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}

function addFurther(post: Post, loose: Loose): Post {
  const { topicId, forumId, page, permalink, at, edited, links, quotes } = loose
  if (typeof topicId === 'string') post.topicId = topicId
  if (typeof forumId === 'string') post.forumId = forumId
  if (typeof page === 'number') post.page = page
  if (typeof permalink === 'string') post.permalink = permalink
  if (typeof at === 'number') post.at = at
  if (typeof edited === 'string') post.edited = edited
  if (areStrings(links)) post.links = links
  if (Array.isArray(quotes)) post.quotes = quotes.flatMap(toQuote)
  return post
}

function toQuote(value: unknown): QuotedPost[] {
  if (typeof value !== 'object' || value === null) return []
  const { auteur, hour, at } = value as { [K in keyof QuotedPost]?: unknown }
  if (typeof hour !== 'string') return []
  return [{ ...(typeof auteur === 'string' ? { auteur } : {}), hour, ...(typeof at === 'number' ? { at } : {}) }]
}

function areStrings(value: unknown): value is string[] {
  if (!Array.isArray(value)) return false
  for (let i = 0; i < value.length; i++) if (typeof value[i] !== 'string') return false
  return true
}

function whatIsWrong(value: unknown, fields: readonly (typeof postFields)[number][] = postFields): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return `A post must be a JSON object with ${postFields.join(', ')}; got ${describe(value)}`
  }
  const loose = value as Loose
  for (const field of fields) {
    const wanted = field === 'stickers' ? 'an array of strings' : 'a string'
    const found = loose[field]
    if (found === undefined) return `The post has no field "${field}": it must be ${wanted}`
    if (field === 'stickers' ? !areStrings(found) : typeof found !== 'string') {
      return `The post's field "${field}" must be ${wanted}; got ${describe(found)}`
    }
  }
  return 'The post\'s field "id" must not be empty'
}

function describe(value: unknown, inside = false): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) {
    const at = inside ? -1 : value.findIndex((item) => typeof item !== 'string')
    return at < 0 ? 'an array' : `an array whose item ${at} is ${describe(value[at], true)}`
  }
  if (typeof value === 'object') return 'an object'
  return `${typeof value} ${printable(String(value), 40)}`
}
