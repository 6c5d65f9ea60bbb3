import { compareIds, type PostOnPage, type TopicPage } from '../parse/index.js'
import { NoPage, StalePage } from './errors.js'

/** What was found between the last page and the place that is known. */
export interface Walk {
  /** By ascending id, each once. */
  readonly posts: readonly PostOnPage[]
  /** The page the walk began with: the title is its title. */
  readonly top: TopicPage
  /** The bound was hit first: posts before `posts` may be missing. */
  readonly bounded: boolean
  /** The topic was deleted under the walk: nothing more will ever be read of it. */
  readonly deleted: NoPage | undefined
}

export interface WalkOptions {
  /** The page to begin with. */
  readonly from: number
  /** Whether everything before this page is known. Asked from the last page on, until it says yes or page 1 is reached. */
  readonly reached: (page: TopicPage) => boolean
  /** The most pages to read, the first included. */
  readonly maxPages: number
}

/** How often a topic that moves under the walk is walked again before the visit is given up for now. */
const MAX_WALKS = 4

/**
 * Reads a topic backwards, from a page to the place that is known.
 *
 * A post that is deleted moves all later ones back by one place, and one that comes back moves them on: read in two
 * steps, a post can then slip through between two pages. So after a walk over several pages the first of them is read
 * again; if it no longer begins with the same post the walk is done anew. Of a topic that is deleted meanwhile, what has been
 * read is kept, once its first page is gone too.
 *
 * @throws StalePage when the topic does not hold still
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
  throw new StalePage(`the topic moved ${MAX_WALKS} times while it was read`)
}

/** From the page that was read to the place that is known. */
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
  return [...byId.values()].sort((a, b) => compareIds(a.id, b.id))
}
