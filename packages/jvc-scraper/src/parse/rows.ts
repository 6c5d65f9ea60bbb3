import { formatAddress, parseAddress } from './address.js'
import { inOrderOfTime, parseFrenchDate } from './french-date.js'
import { DELETED_AUTHOR } from './types.js'
import type { TopicListPage, TopicRow, TopicState } from './types.js'
import { SourceMissing } from './source-missing.js'
import { singleLine } from './single-line.js'

/** The data of one topic as found in a list. */
export interface RawRow {
  readonly id: string | undefined
  readonly title: string | undefined
  /** Empty or undefined for a deleted account. */
  readonly author: string | undefined
  readonly url: string | undefined
  readonly lastPageUrl: string | undefined
  readonly replies: number | undefined
  readonly lastPostDate: string | undefined
  readonly state: TopicState
  readonly deleted: boolean
}

/** The number of rows that a list may hold. The site shows 25 a page. */
const MAX_ROWS = 500

/** Collects the rows of one list in order, and lists unreadable ones separately. */
export class RowCollector {
  readonly #rows: TopicRow[] = []
  readonly #problems: string[] = []
  #place = 0

  /** @throws SourceMissing when the list holds more rows than any list of the site */
  add(raw: RawRow): void {
    if (++this.#place > MAX_ROWS) throw new SourceMissing(`there are more than ${MAX_ROWS} rows`)
    const place = `row ${this.#place} of the list`
    if (raw.id === undefined) return this.problem(`${place} has no topic id`)
    const url = parseAddress(raw.url)
    if (url?.kind !== 'topic' || url.topicId !== raw.id) {
      return this.problem(`${place} (topic ${raw.id}) has no address of that topic`)
    }
    const title = (raw.title ?? '').trim()
    if (title === '') return this.problem(`${place} (topic ${raw.id}) has no title`)
    if (raw.replies === undefined) return this.problem(`${place} (topic ${raw.id}) has no number of answers`)
    const found = parseAddress(raw.lastPageUrl)
    const last = found?.topicId === raw.id ? found : url
    const lastPostDate = singleLine(raw.lastPostDate)
    this.#rows.push({
      id: raw.id,
      forumId: url.forumId,
      title,
      author: singleLine(raw.author) || DELETED_AUTHOR,
      url: formatAddress(url),
      lastPageUrl: formatAddress(last),
      lastPage: last.page,
      replies: raw.replies,
      lastPostDate,
      lastPostAt: parseFrenchDate(lastPostDate),
      state: raw.state,
      pinned: raw.state === 'pinned' || raw.state === 'pinned-locked',
      locked: raw.state === 'pinned-locked' || raw.state === 'locked',
      deleted: raw.deleted,
    })
  }

  /** Records a problem, as one sentence. */
  problem(sentence: string): void {
    this.#problems.push(sentence)
  }

  result(): Pick<TopicListPage, 'rows' | 'problems'> {
    return { rows: inOrderOfLastPosts(this.#rows), problems: this.#problems }
  }
}

/** Resolves the hour that occurs twice in October by the order of the rows: the newest comes first, after pinned ones. */
function inOrderOfLastPosts(rows: readonly TopicRow[]): TopicRow[] {
  const ordered = rows.filter(({ pinned }) => !pinned).reverse()
  const instants = inOrderOfTime(ordered.map(({ lastPostAt }) => lastPostAt))
  const resolved = new Map(ordered.map((row, index) => [row, { ...row, lastPostAt: instants[index] }]))
  return rows.map((row) => resolved.get(row) ?? row)
}

/** Parses a number of answers: `11409`, or `visible / total` as moderators see it. */
export function replyCount(text: string): number | undefined {
  const found = /^(\d{1,9})(?: ?\/ ?\d{1,9})?$/.exec(singleLine(text))?.[1]
  return found === undefined ? undefined : Number(found)
}
