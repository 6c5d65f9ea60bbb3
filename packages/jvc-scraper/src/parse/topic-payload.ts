import { array, count, field, id, text } from './json.js'
import type { Json } from './json.js'
import { PostCollector } from './posts.js'
import { SourceMissing } from './source-missing.js'
import type { TopicPage } from './types.js'

/** Reads a topic page from its payload. @throws SourceMissing when the payload belongs to another page. */
export function readTopicPayload(payload: Json): Omit<TopicPage, 'source' | 'passedOver'> {
  const messages = array(payload, 'listMessage')
  if (messages === undefined) throw new SourceMissing('the payload has no list listMessage')
  const topicId = id(payload, 'topicId') ?? id(messages[0], 'topicId')
  if (topicId === undefined) throw new SourceMissing('the payload has no topicId')
  const title = (text(payload, 'topicTitleField') ?? '').trim()
  if (title === '') throw new SourceMissing('the payload has no topicTitleField')
  const posts = new PostCollector()
  for (const message of messages) addMessage(posts, message)
  const pager = field(payload, 'pagerView')
  const page = Math.max(1, count(pager, 'currentPage') ?? 1)
  return {
    kind: 'topic',
    topicId,
    forumId: id(payload, 'forumId'),
    title,
    page,
    pageCount: Math.max(page, count(pager, 'pageCount') ?? 1),
    locked: field(field(payload, 'forum'), 'isForumReadOnly') === true,
    ...posts.result(page),
  }
}

function addMessage(posts: PostCollector, message: Json): void {
  posts.add({
    id: id(message, 'id'),
    author: field(message, 'publishedAuthorIsDeleted') === true ? undefined : text(message, 'publishedAuthorName'),
    date: text(message, 'publishedDate'),
    edited: text(message, 'updatedDate'),
    body: text(message, 'renderedText'),
    hidden: text(message, 'stateMessage') === 'msg-deleted' || field(message, 'isBlacklisted') === true,
  })
}
