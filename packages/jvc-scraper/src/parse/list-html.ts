import type { CheerioAPI } from 'cheerio/slim'
import { formatAddress, parseAddress } from './address.js'
import { SourceMissing } from './source-missing.js'
import { RowCollector, replyCount } from './rows.js'
import { ownAddress } from './topic-html.js'
import { addressesOf, eachItem, find, idAfter, linkOf } from './tree.js'
import type { Elements } from './tree.js'
import type { TopicListPage, TopicState } from './types.js'
import { singleLine } from './single-line.js'

/** The icon classes of both generations, the most specific first. */
const STATES: readonly (readonly [string, TopicState])[] = [
  ['.topic-pin-on', 'pinned'],
  ['.topic-pin-off', 'pinned-locked'],
  ['.topic-lock, .icon-topic-lock', 'locked'],
  ['.topic-resolved, .icon-topic-resolved', 'resolved'],
  ['.topic-folder2, .tablesForum__iconTopicRed', 'hot'],
  ['.topic-folder1, .tablesForum__iconTopicYellow', 'normal'],
]

/** Reads a topic list from today's markup (since 15 April 2026). @throws SourceMissing when the page holds none. */
export function readListHtml($: CheerioAPI): Omit<TopicListPage, 'source' | 'passedOver'> {
  if (find($, '.tablesForum--listTopics').length === 0)
    throw new SourceMissing('no element .tablesForum--listTopics in the page')
  const rows = new RowCollector()
  for (const row of eachItem($, find($, '.tablesForum--listTopics > .tablesForum__bodyRow'))) addRow(rows, row)
  const result = rows.result()
  const pager = addressesOf($, find($, '.pagination .pagination__button'))
  const forumId = (ownAddress($) ?? pager[0] ?? result.rows[0])?.forumId
  if (forumId === undefined) throw new SourceMissing("no link in the page holds the forum's number")
  const page = Number(singleLine(find($, '.pagination__item--current').first().text())) || 1
  const next = parseAddress(linkOf(find($, '.pagination__button--next').first()))
  return {
    kind: 'list',
    forumId,
    page,
    pageCount: pager.length === 0 ? undefined : Math.max(page, ...pager.map((link) => link.page)),
    nextUrl: next?.kind === 'list' ? formatAddress(next) : undefined,
    ...result,
  }
}

/** Returns the state that a row's icon shows. */
export function stateOf(row: Elements): TopicState {
  return STATES.find(([icon]) => row.find(icon).length > 0)?.[1] ?? 'other'
}

function addRow(rows: RowCollector, row: Elements): void {
  const subject = row.find('.tablesForum__cellSubject').first()
  const activity = row.find('.tablesForum__cellLink').first()
  rows.add({
    id: idAfter('topic-', row.attr('id')),
    title: subject.attr('title') ?? subject.find('.tablesForum__subjectText').text(),
    author: row.find('.tablesForum__firstAvatar').first().attr('title'),
    url: linkOf(subject),
    lastPageUrl: linkOf(activity),
    replies: replyCount(row.find('.tablesForum__cellText--msg').first().text()),
    lastPostDate: activity.attr('title'),
    state: stateOf(row),
    deleted: row.find('.icon-topic-removed, .topic-removed').length > 0,
  })
}
