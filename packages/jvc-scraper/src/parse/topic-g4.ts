import type { CheerioAPI } from 'cheerio/slim'
import { PostCollector, editDate } from './posts.js'
import { SourceMissing } from './source-missing.js'
import { addressesOf, bodyOf, eachItem, find, idAfter } from './tree.js'
import { ownAddress } from './topic-html.js'
import type { Elements } from './tree.js'
import type { TopicPage } from './types.js'
import { singleLine } from './single-line.js'

/** Reads a topic page from the markup of 2022 to April 2026. @throws SourceMissing when the page holds none. */
export function readTopicG4($: CheerioAPI): Omit<TopicPage, 'source' | 'passedOver'> {
  const blocks = find($, '.bloc-message-forum')
  const heading = find($, '#bloc-title-forum').first().text().trim()
  if (blocks.length === 0 && heading === '') {
    throw new SourceMissing('no element .bloc-message-forum and no #bloc-title-forum in the page')
  }
  const title = heading || (/^(.+) sur le forum /.exec(singleLine(find($, 'title').first().text()))?.[1] ?? '')
  if (title === '') throw new SourceMissing('no element #bloc-title-forum in the page')
  const pager = addressesOf($, find($, '.bloc-pagi-default a, .bloc-pagi-default .JvCare'))
  const script = find($, 'script').text()
  const topicId = idAfter('', /\bid_topic = (\d+)/.exec(script)?.[1]) ?? (ownAddress($) ?? pager[0])?.topicId
  if (topicId === undefined) throw new SourceMissing('no `id_topic = …` in the head of the page')
  const posts = new PostCollector()
  for (const block of eachItem($, blocks)) addPost(posts, block)
  const page = Number(singleLine(find($, '.page-active').first().text())) || 1
  return {
    kind: 'topic',
    topicId,
    forumId: idAfter('', /\bid_forum = (\d+)/.exec(script)?.[1]) ?? (ownAddress($) ?? pager[0])?.forumId,
    title,
    page,
    pageCount: Math.max(page, ...pager.filter((link) => link.topicId === topicId).map((link) => link.page)),
    locked: find($, '.message-lock-topic').length > 0,
    ...posts.result(page),
  }
}

function addPost(posts: PostCollector, block: Elements): void {
  posts.add({
    id: idAfter('', block.attr('data-id')),
    author: block.find('.bloc-pseudo-msg').first().text(),
    date: block.find('.bloc-date-msg').first().text(),
    edited: editDate(block.find('.info-edition-msg').first().text()),
    body: bodyOf(block.find('.txt-msg').first()),
    hidden: block.hasClass('msg-supprime') || block.hasClass('msg-pseudo-blacklist'),
  })
}
