import { readPage } from './read-page.js'
import { readTopicG4 } from './topic-g4.js'
import { readTopicHtml } from './topic-html.js'
import { readTopicPayload } from './topic-payload.js'
import type { TopicPage } from './types.js'

/**
 * Reads one page of a topic, of any generation: the JSON payload, else today's markup, else the markup of 2022 to
 * April 2026. Pure: the same page gives the same result.
 *
 * A post that cannot be read costs nobody but itself and is named in `problems`.
 *
 * @param html the whole body of the answer.
 * @throws ParseError when none of the three fits: `page-not-a-topic` for a page of another kind, `page-broken` for one cut
 * off or damaged, `page-markup-unknown` when the site's markup must have changed.
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
