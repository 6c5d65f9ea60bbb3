import { compareIds, inOrderOfIds, type PostOnPage, type TopicPage } from '../parse/index.js'
import { NoPage, StalePage } from './errors.js'

/** The result of a walk: the posts between its first page and the known place. */
export interface Walk {
  /** The posts by ascending id, without duplicates. */
  readonly posts: readonly PostOnPage[]
  /** The page the walk began with, which is the latest one. */
  readonly top: TopicPage
  /** Whether the walk ended at its bound, so that earlier posts may be missing. */
  readonly bounded: boolean
  /** The final answer when the topic was deleted during the walk. */
  readonly deleted: NoPage | undefined
}

export interface WalkOptions {
  /** The number of the first page to read. */
  readonly from: number
  /** Returns whether everything before a page is known, which ends the walk. */
  readonly reached: (page: TopicPage) => boolean
  /** The maximum number of pages to read, the first included. */
  readonly maxPages: number
}

/** The number of walks over a topic whose posts keep moving before the visit is postponed. */
const MAX_WALKS = 4

/**
 * Reads a topic backwards, from a page to the known place.
 *
 * Deleting a post moves all later ones back by one place, and restoring it moves them on, so a post can slip through
 * between two requests. After a walk over several pages the first page is therefore read again; if it begins with another
 * post, the walk is repeated. When the topic is deleted during the walk, the posts already read are kept, provided that the
 * first page is gone too.
 *
 * @throws StalePage when posts move during every attempt
 */
export async function walkBack(read: (page: number) => Promise<TopicPage>, options: WalkOptions): Promise<Walk> {
  for (let walks = 0; walks < MAX_WALKS; walks++) {
    const top = await read(options.from)
    const pages = [top]
    const found = (deleted?: NoPage): Walk => {
      const last = pages[pages.length - 1] as TopicPage
      const bounded = deleted === undefined && last.page > 1 && !options.reached(last)
      return { posts: inOrder(pages), top, bounded, deleted }
    }
    try {
      await walkOn(read, options, pages)
      if (pages.length === 1 || (await isUnmoved(read, top))) return found()
    } catch (error) {
      if (isGone(error) && isGone(await read(top.page).catch((again: unknown) => again))) return found(error)
      throw error
    }
  }
  throw new StalePage(`the posts of the topic moved during each of ${MAX_WALKS} readings`)
}

/** Reads on, page by page, to the known place or the bound. */
async function walkOn(
  read: (page: number) => Promise<TopicPage>,
  options: WalkOptions,
  pages: TopicPage[],
): Promise<void> {
  for (let last = pages[0] as TopicPage; !options.reached(last) && last.page > 1 && pages.length < options.maxPages;) {
    const page = await read(last.page - 1)
    if (page.page !== last.page - 1) throw new StalePage(`page ${last.page - 1} is no longer there`)
    pages.push(page)
    last = page
  }
}

function isGone(error: unknown): error is NoPage {
  return error instanceof NoPage && error.outcome.kind === 'gone'
}

async function isUnmoved(read: (page: number) => Promise<TopicPage>, top: TopicPage): Promise<boolean> {
  const again = await read(top.page)
  return again.page === top.page && firstId(again) === firstId(top)
}

function firstId(page: TopicPage): string | undefined {
  return [...page.posts.map(({ id }) => id), ...page.hidden].sort(compareIds)[0]
}

function inOrder(pages: readonly TopicPage[]): PostOnPage[] {
  const byId = new Map(pages.flatMap(({ posts }) => posts.map((post) => [post.id, post] as const)))
  return inOrderOfIds([...byId.values()])
}
