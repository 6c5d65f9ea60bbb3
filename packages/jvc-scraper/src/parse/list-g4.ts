import type { CheerioAPI } from 'cheerio/slim'
import { TOPICS_PER_PAGE, formatAddress, parseAddress } from './address.js'
import { stateOf } from './list-html.js'
import { SourceMissing } from './source-missing.js'
import { RowCollector, replyCount } from './rows.js'
import { eachItem, find, idAfter, linkOf } from './tree.js'
import type { Elements } from './tree.js'
import type { TopicListPage } from './types.js'

/**
 * Reads a topic list from the markup of 2022 to April 2026, before JavaScript (links are JvCare spans) or after it.
 *
 * @throws SourceMissing when the page holds none.
 */
export function readListG4($: CheerioAPI): Omit<TopicListPage, 'source' | 'passedOver'> {
  if (find($, '.topic-list').length === 0) throw new SourceMissing('no element .topic-list in the page')
  const rows = new RowCollector()
  for (const row of eachItem($, find($, '.topic-list > [data-id]'))) addRow(rows, row)
  const result = rows.result()
  const next = parseAddress(linkOf(find($, '.pagi-suivant-actif').first()))
  const nextList = next?.kind === 'list' ? next : undefined
  const forumId = result.rows[0]?.forumId ?? nextList?.forumId
  if (forumId === undefined) throw new SourceMissing("no row of the list holds the forum's number")
  const previous = parseAddress(linkOf(find($, '.pagi-precedent-actif').first()))
  return {
    kind: 'list',
    forumId,
    page: nextList !== undefined ? Math.max(1, nextList.page - 1) : (previous?.page ?? 0) + 1,
    pageCount: nextList === undefined && result.rows.length < TOPICS_PER_PAGE ? (previous?.page ?? 0) + 1 : undefined,
    nextUrl: nextList && formatAddress(nextList),
    ...result,
  }
}

function addRow(rows: RowCollector, row: Elements): void {
  const subject = row.find('a.topic-title').first()
  const date = row.find('.topic-date').first()
  const inner = date.children().first()
  rows.add({
    id: idAfter('', row.attr('data-id')),
    title: subject.attr('title') ?? subject.text(),
    author: row.find('.topic-author').first().text(),
    url: linkOf(subject),
    lastPageUrl: linkOf(inner.length > 0 ? inner : date),
    replies: replyCount(row.find('.topic-count').first().text()),
    lastPostDate: date.text(),
    state: stateOf(row),
    deleted: row.find('.topic-removed').length > 0,
  })
}
