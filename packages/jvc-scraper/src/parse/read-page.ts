import type { CheerioAPI } from 'cheerio/slim'
import { classifyPage } from './classify.js'
import type { Json } from './json.js'
import { MarkupError, isWhole, loadMarkup } from './markup.js'
import { readPayload } from './payload.js'
import { ParseError } from './types.js'
import type { PageKind, PageSource } from './types.js'

/** A source that a page does not have, or not in a usable state. The message says what was looked for. */
export class SourceMissing extends Error {
  override readonly name = 'SourceMissing'
}

/** How one type of page is read from each source. Each throws {@link SourceMissing} when the source is not there. */
export interface PageReaders<T extends object> {
  readonly payload: (payload: Json) => T
  readonly html: ($: CheerioAPI) => T
  readonly g4: ($: CheerioAPI) => T
}

/** What every page says of its own reading. */
interface Origin {
  readonly source: PageSource
  readonly passedOver: readonly string[]
}

/** Tries the sources in order: payload, today's markup, the older markup. @throws ParseError when none fits. */
export function readPage<T extends object>(
  html: string,
  wanted: 'list' | 'topic',
  readers: PageReaders<T>,
): T & Origin {
  const passedOver: string[] = []
  const attempt = (source: PageSource, read: () => T): (T & Origin) | undefined => {
    try {
      return { ...read(), source, passedOver }
    } catch (error) {
      if (!(error instanceof SourceMissing || error instanceof MarkupError)) throw error
      passedOver.push(`${source}: ${error.message}`)
      return undefined
    }
  }
  let tree: CheerioAPI | undefined
  const markup = (): CheerioAPI => {
    // A page cut off would pass for a page with fewer posts, and the ones behind the cut would never be looked for again.
    if (!isWhole(html)) throw new SourceMissing('the page has no </html>: it was cut off')
    return (tree ??= loadMarkup(html))
  }
  const read =
    attempt('payload', () => readers.payload(payloadOf(html))) ??
    attempt('html', () => readers.html(markup())) ??
    attempt('g4', () => readers.g4(markup()))
  if (read === undefined) throw notRead(html, wanted, passedOver)
  return read
}

function payloadOf(html: string): Json {
  const payload = readPayload(html)
  if ('reason' in payload) throw new SourceMissing(payload.reason)
  return payload.value
}

function notRead(html: string, wanted: 'list' | 'topic', attempts: readonly string[]): ParseError {
  const kind = classifyPage(html)
  const tried = `Looked for: ${attempts.join('; ')}.`
  const subject = wanted === 'topic' ? 'a topic page' : 'a topic list'
  const error = (code: ParseError['code'], message: string): ParseError =>
    new ParseError(
      code,
      printable(`${message} ${tried} The page: ${describePage(html)}`),
      kind,
      attempts.map(printable),
    )
  if (kind === wanted) return error('page-broken', `This is ${subject}, but it cannot be read. Fetch it again.`)
  if (kind === 'unknown' && !isWhole(html)) {
    return error('page-broken', `This should be ${subject}, but it is cut off. Fetch it again.`)
  }
  if (kind === 'unknown') {
    return error('page-markup-unknown', `This should be ${subject}, but nothing known is in it: the site has changed.`)
  }
  return error(wanted === 'topic' ? 'page-not-a-topic' : 'page-not-a-list', `Not ${subject}: ${LOOKS_LIKE[kind]}.`)
}

const LOOKS_LIKE: Readonly<Record<Exclude<PageKind, 'unknown'>, string>> = {
  list: 'it is a topic list',
  topic: 'it is a page of a topic',
  index: 'it is the forum index, where the site sends who asks for what does not exist',
  challenge: 'it is a challenge of Cloudflare, which wants a human',
  login: 'it is the login page',
  'not-found': 'the site says that it does not exist',
  gone: 'the site says that it was deleted',
  'rate-limited': 'the site says that requests come too fast',
  unavailable: 'the site says that it is out of order',
}

/** Length, title and first characters of a page, fit for a terminal. */
function describePage(html: string): string {
  const title = /<title[^>]{0,200}>([^<]{0,200})/i.exec(html)?.[1]
  const show = (text: string): string => JSON.stringify(printable(text).trim())
  return `${html.length} characters, title ${title === undefined ? 'none' : show(title)}, begins ${show(html.slice(0, 80))}.`
}

/** Parts of the page are quoted, and no page may command a terminal. */
function printable(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ')
}
