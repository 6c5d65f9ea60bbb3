import { formatAddress, parseAddress } from './address.js'
import { array, count, field, id, text } from './json.js'
import type { Json } from './json.js'
import { SourceMissing } from './source-missing.js'
import { RowCollector, replyCount } from './rows.js'
import type { TopicListPage, TopicState } from './types.js'

const STATES: ReadonlyMap<string, TopicState> = new Map([
  ['pinned-on', 'pinned'],
  ['pinned-off', 'pinned-locked'],
  ['hot', 'hot'],
  ['normal', 'normal'],
  ['lock', 'locked'],
  ['resolved', 'resolved'],
])

/** Reads a topic list from its payload. @throws SourceMissing when the payload belongs to another page. */
export function readListPayload(payload: Json): Omit<TopicListPage, 'source' | 'passedOver'> {
  const topics = array(payload, 'listTopics')
  if (topics === undefined) throw new SourceMissing('the payload has no list listTopics')
  const rows = new RowCollector()
  for (const topic of topics) addTopic(rows, topic)
  const pager = field(payload, 'pagerView')
  const next = parseAddress(text(field(pager, 'next'), 'url'))
  const result = rows.result()
  const forumId = id(payload, 'forumId') ?? result.rows[0]?.forumId
  if (forumId === undefined) throw new SourceMissing('the payload has no forumId')
  return {
    kind: 'list',
    forumId,
    page: Math.max(1, count(pager, 'currentPage') ?? 1),
    pageCount: count(pager, 'pageCount'),
    nextUrl: next?.kind === 'list' ? formatAddress(next) : undefined,
    ...result,
  }
}

function addTopic(rows: RowCollector, topic: Json): void {
  const answers = field(topic, 'responsesCount')
  rows.add({
    id: id(topic, 'id'),
    title: text(topic, 'title'),
    author: text(field(topic, 'author'), 'pseudo'),
    url: text(topic, 'url'),
    lastPageUrl: text(topic, 'lastPageUrl'),
    replies: typeof answers === 'string' ? replyCount(answers) : count(topic, 'responsesCount'),
    lastPostDate: text(topic, 'realLastMessageDate'),
    state: STATES.get(text(topic, 'stateIcon') ?? '') ?? 'other',
    deleted: text(topic, 'stateTopic') === 'msg-deleted',
  })
}
