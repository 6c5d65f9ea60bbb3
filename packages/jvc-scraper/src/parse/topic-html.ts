import type { CheerioAPI } from 'cheerio/slim'
import { parseAddress } from './address.js'
import type { ForumAddress } from './address.js'
import { PostCollector, editDate } from './posts.js'
import { SourceMissing } from './source-missing.js'
import { addressesOf, bodyOf, each, eachItem, find, idAfter } from './tree.js'
import type { Elements } from './tree.js'
import type { TopicPage } from './types.js'
import { singleLine } from './single-line.js'

/** Reads a topic page from today's markup (since 15 April 2026). @throws SourceMissing when the page holds none. */
export function readTopicHtml($: CheerioAPI): Omit<TopicPage, 'source' | 'passedOver'> {
  if (find($, '#listMessages').length === 0) throw new SourceMissing('no element #listMessages in the page')
  const title = find($, 'h2.titleMessagesUsers__title').first().text().trim()
  if (title === '') throw new SourceMissing('no h2.titleMessagesUsers__title in the page')
  const pager = addressesOf($, find($, '.pagination .pagination__button'))
  const address = ownAddress($) ?? pager[0]
  if (address?.kind !== 'topic') throw new SourceMissing("no link in the head or the pager holds the topic's number")
  const posts = new PostCollector()
  for (const post of eachItem($, find($, '#listMessages .messageUser'))) addPost(posts, post)
  const page = Number(singleLine(find($, '.pagination__item--current').first().text())) || 1
  return {
    kind: 'topic',
    topicId: address.topicId,
    forumId: address.forumId,
    title,
    page,
    pageCount: Math.max(page, ...pager.map((link) => link.page)),
    locked: find($, '.lockInfo__reason').length > 0,
    ...posts.result(page),
  }
}

/** Returns the page's own address from its head. */
export function ownAddress($: CheerioAPI): ForumAddress | undefined {
  const links = each($, find($, 'link[rel="canonical"], link[rel="alternate"]'))
  return links.map((link) => parseAddress(link.attr('href'))).find((address) => address !== undefined)
}

function addPost(posts: PostCollector, post: Elements): void {
  posts.add({
    id: idAfter('message-', post.attr('id')),
    author: post.find('.messageUser__label').first().text(),
    date: post.find('.messageUser__date').first().text(),
    edited: editDate(post.find('.messageUser__dateEdit').first().text()),
    body: bodyOf(post.find('.js-message-user-msg').first()),
    hidden: post.hasClass('messageUser--deleted') || post.hasClass('messageUser--blacklisted'),
  })
}
