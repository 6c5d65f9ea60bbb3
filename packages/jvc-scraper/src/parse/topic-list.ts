import { readListG4 } from './list-g4.js'
import { readListHtml } from './list-html.js'
import { readListPayload } from './list-payload.js'
import { readPage } from './read-page.js'
import type { TopicListPage } from './types.js'

/**
 * Reads one page of a forum's topic list, of any generation: the JSON payload, else today's markup, else the markup of
 * 2022 to April 2026. Pure. Only rows of the list count: adverts, and the links to topics beside the list, do not.
 *
 * A row that cannot be read costs nobody but itself and is named in `problems`.
 *
 * @param html the whole body of the answer.
 * @throws ParseError when none of the three fits, `page-not-a-list` for a page of another kind, `page-broken` for one
 * cut off or damaged, `page-markup-unknown` when the site's markup must have changed.
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
