import { readListG4 } from './list-g4.js'
import { readListHtml } from './list-html.js'
import { readListPayload } from './list-payload.js'
import { readPage } from './read-page.js'
import type { TopicListPage } from './types.js'

/**
 * Parses one page of a forum's topic list, in any generation: the JSON payload, else today's markup, else the markup of
 * 2022 to April 2026. Only rows of the list are read; adverts and links to topics beside the list are ignored.
 *
 * An unreadable row is skipped and described in `problems`.
 *
 * @param html the whole body of the answer.
 * @throws ParseError `page-not-a-list` for a page of another kind, `page-broken` for a truncated or damaged one,
 * `page-markup-unknown` when the site's markup must have changed.
 * @example
 * const { rows, nextUrl } = parseTopicList(html)
 */
export function parseTopicList(html: string): TopicListPage {
  return readPage(html, 'list', {
    payload: readListPayload,
    html: readListHtml,
    g4: readListG4,
  })
}
