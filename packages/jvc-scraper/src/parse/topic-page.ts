import { readPage } from './read-page.js'
import { readTopicG4 } from './topic-g4.js'
import { readTopicHtml } from './topic-html.js'
import { readTopicPayload } from './topic-payload.js'
import type { TopicPage } from './types.js'

/**
 * Parses one page of a topic, in any generation: the JSON payload, else today's markup, else the markup of 2022 to
 * April 2026. The same page always gives the same result.
 *
 * An unreadable post is skipped and described in `problems`.
 *
 * @param html the whole body of the answer.
 * @throws ParseError `page-not-a-topic` for a page of another kind, `page-broken` for a truncated or damaged one,
 * `page-markup-unknown` when the site's markup must have changed.
 * @example
 * const { title, posts } = parseTopicPage(html)
 */
export function parseTopicPage(html: string): TopicPage {
  return readPage(html, 'topic', {
    payload: readTopicPayload,
    html: readTopicHtml,
    g4: readTopicG4,
  })
}
