/** The parts of a forum address: `/forums/{mode}-{forumId}-{topicId}-{page}-0-{offset}-0-{slug}.htm`. */
export interface ForumAddress {
  readonly kind: 'list' | 'topic'
  /** `0` for lists; `42` for topics, `1` for those from before November 2014. */
  readonly mode: string
  readonly forumId: string
  /** `0` for lists. */
  readonly topicId: string
  /** The page number from 1, of the topic or of the list (25 topics a page). */
  readonly page: number
  /** The words at the end; the site ignores them. */
  readonly slug: string
}

/** The number of topics on a page of a list. */
export const TOPICS_PER_PAGE = 25
/** The number of posts on a page of a topic. */
export const POSTS_PER_PAGE = 20

const ADDRESS =
  /^(?:(?:https?:)?\/\/(?:www\.|m\.)?jeuxvideo\.com)?\/forums\/(0|1|42)-(\d{1,15})-(\d{1,15})-(\d{1,7})-0-(\d{1,9})-0-([^\s/?#<>"'\\]{0,300})\.htm(?:[?#]\S*)?$/

/**
 * Parses the address of a topic or of a topic list, relative or on jeuxvideo.com. Other hosts, paths and schemes such as
 * `javascript:` are rejected.
 *
 * @returns undefined when the text is no such address.
 * @example
 * parseAddress('/forums/42-51-76094343-3-0-1-0-item.htm')
 * // { kind: 'topic', mode: '42', forumId: '51', topicId: '76094343', page: 3, slug: 'item' }
 */
export function parseAddress(address: string | undefined): ForumAddress | undefined {
  const match = ADDRESS.exec(address?.trim() ?? '')
  if (match === null) return undefined
  const [, mode = '', forum = '', topic = '', page = '', offset = '', slug = ''] = match
  const [forumId, topicId] = [digits(forum), digits(topic)]
  if (mode === '0') {
    if (topicId !== '0') return undefined
    return { kind: 'list', mode, forumId, topicId, page: Math.ceil(Math.max(1, +offset) / TOPICS_PER_PAGE), slug }
  }
  if (topicId === '0') return undefined
  return { kind: 'topic', mode, forumId, topicId, page: Math.max(1, +page), slug }
}

/**
 * Returns the path of an address, without a host.
 *
 * @example
 * formatAddress({ kind: 'list', mode: '0', forumId: '51', topicId: '0', page: 2, slug: 'blabla-18-25-ans' })
 * // '/forums/0-51-0-1-0-26-0-blabla-18-25-ans.htm'
 */
export function formatAddress({ kind, mode, forumId, topicId, page, slug }: ForumAddress): string {
  return kind === 'list'
    ? `/forums/0-${forumId}-0-1-0-${(page - 1) * TOPICS_PER_PAGE + 1}-0-${slug}.htm`
    : `/forums/${mode}-${forumId}-${topicId}-${page}-0-1-0-${slug}.htm`
}

/** Returns the path of another page of the same topic or list. */
export function withPage(address: ForumAddress, page: number): string {
  return formatAddress({ ...address, page })
}

/** Removes the leading zeros of decimal digits. */
export function digits(text: string): string {
  return text.replace(/^0+(?=\d)/, '')
}
