import { readBody } from './body.js'
import type { PostBody } from './body.js'
import { inOrderOfTime, parseFrenchDate } from './french-date.js'
import { DELETED_AUTHOR, compareIds } from './types.js'
import type { PostOnPage, TopicPage } from './types.js'
import { SourceMissing } from './source-missing.js'
import { singleLine } from './single-line.js'

/** The data of one post as found on a page. */
export interface RawPost {
  readonly id: string | undefined
  /** Empty or undefined for a deleted account. */
  readonly author: string | undefined
  readonly date: string | undefined
  readonly edited: string | undefined
  /** The body, its inner HTML, or undefined when there is none. */
  readonly body: PostBody | string | undefined
  /** Whether the post is deleted, or its author is on the reader's blacklist. */
  readonly hidden: boolean
}

/** The number of posts that a page may hold. The site shows 20 a page. */
const MAX_POSTS = 200

/** Collects the posts of one page by ascending id, and lists hidden and unreadable ones separately. */
export class PostCollector {
  readonly #posts = new Map<string, Omit<PostOnPage, 'page'>>()
  readonly #hidden: string[] = []
  readonly #problems: string[] = []
  #place = 0

  /** @throws SourceMissing when the page holds more posts than any page of the site */
  add(raw: RawPost): void {
    if (++this.#place > MAX_POSTS) throw new SourceMissing(`there are more than ${MAX_POSTS} posts`)
    const place = `post ${this.#place} of the page`
    const { id } = raw
    if (id === undefined) return this.problem(`${place} has no id`)
    if (raw.hidden) return void this.#hidden.push(id)
    if (this.#posts.has(id)) return this.problem(`${place} repeats the id ${id}`)
    const date = singleLine(raw.date)
    if (date === '') return this.problem(`${place} (${id}) has no date`)
    const body = typeof raw.body === 'string' ? readBody(raw.body) : raw.body
    if (body === undefined) return this.problem(`${place} (${id}) has no body`)
    if (body.problem !== undefined) this.problem(`${place} (${id}) was read only in part: ${body.problem}`)
    this.#posts.set(id, {
      id,
      author: singleLine(raw.author) || DELETED_AUTHOR,
      date,
      at: parseFrenchDate(date),
      edited: singleLine(raw.edited) || undefined,
      message: body.message,
      stickers: body.stickers,
      links: body.links,
      quotes: body.quotes,
      permalink: `/forums/message/${id}`,
    })
  }

  /** Records a problem, as one sentence. */
  problem(sentence: string): void {
    this.#problems.push(sentence)
  }

  /** @param page the number of the page */
  result(page: number): Pick<TopicPage, 'posts' | 'hidden' | 'problems'> {
    const posts = [...this.#posts.values()].map((post) => ({ ...post, page }))
    return { posts: inOrderOfIds(posts), hidden: this.#hidden, problems: this.#problems }
  }
}

/** Sorts posts of one topic by id, which is the order of time, and resolves the hour that occurs twice in October. */
export function inOrderOfIds(posts: readonly PostOnPage[]): PostOnPage[] {
  const sorted = [...posts].sort((a, b) => compareIds(a.id, b.id))
  const instants = inOrderOfTime(sorted.map(({ at }) => at))
  return sorted.map((post, index) => (post.at === instants[index] ? post : { ...post, at: instants[index] }))
}

/** Returns the date in `Message édité le 02 juin 2026 à 22:29:23 par …`. */
export function editDate(text: string | undefined): string | undefined {
  return /édité le (\d{1,2}(?:er)? \p{L}+ \d{4} à [\d:]{5,8})/u.exec(singleLine(text))?.[1]
}
