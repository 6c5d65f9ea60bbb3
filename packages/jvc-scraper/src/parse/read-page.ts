import type { CheerioAPI } from 'cheerio/slim'
import { classifyPage } from './classify.js'
import type { Json } from './json.js'
import { MarkupError, isWhole, loadMarkup } from './markup.js'
import { readPayload, refusal } from './payload.js'
import type { PayloadResult } from './payload.js'
import { SourceMissing } from './source-missing.js'
import { ParseError } from './types.js'
import type { PageKind, PageSource } from './types.js'

/** The readers of one type of page, one per source. Each throws {@link SourceMissing} when its source is missing. */
export interface PageReaders<T extends object> {
  readonly payload: (payload: Json) => T
  readonly html: ($: CheerioAPI) => T
  readonly g4: ($: CheerioAPI) => T
}

/** The origin of a page's data. */
interface Origin {
  readonly source: PageSource
  readonly passedOver: readonly string[]
}

/** Tries the sources in order: payload, today's markup, the older markup. @throws ParseError when none works. */
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
    // A truncated page looks like one with fewer posts, and the posts after the cut would never be requested again.
    if (!isWhole(html)) throw new SourceMissing('the page has no </html>, so it was truncated')
    return (tree ??= loadMarkup(html))
  }
  const payload = readPayload(html)
  const refused = 'value' in payload ? refusal(payload.value) : undefined
  if (refused !== undefined) throw notRead(html, wanted, [`payload: the forum may not be read (${refused})`])
  const read =
    attempt('payload', () => readers.payload(valueOf(payload))) ??
    attempt('html', () => readers.html(markup())) ??
    attempt('g4', () => readers.g4(markup()))
  if (read === undefined) throw notRead(html, wanted, passedOver)
  return read
}

function valueOf(payload: PayloadResult): Json {
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
    return error('page-broken', `This should be ${subject}, but it is truncated. Fetch it again.`)
  }
  if (kind === 'unknown') {
    return error(
      'page-markup-unknown',
      `This should be ${subject}, but it contains no known markup. The site has changed.`,
    )
  }
  return error(wanted === 'topic' ? 'page-not-a-topic' : 'page-not-a-list', `Not ${subject}: ${LOOKS_LIKE[kind]}.`)
}

const LOOKS_LIKE: Readonly<Record<Exclude<PageKind, 'unknown'>, string>> = {
  list: 'it is a topic list',
  topic: 'it is a page of a topic',
  index: 'it is the forum index, to which the site redirects requests for topics that do not exist',
  challenge: 'it is a challenge of Cloudflare, which asks for a human',
  login: 'it is the login page',
  'not-found': 'the site answers that it does not exist',
  gone: 'the site answers that it was deleted',
  'rate-limited': 'the site answers that requests come too fast',
  unavailable: 'the site answers that it is unavailable',
  maintenance: 'the site answers that it is under maintenance',
  forbidden: 'the site answers that the forum or topic may not be read',
  'cookie-gate': 'the site asks for consent to cookies first (set JVC_COOKIE to the cookie of a browser that gave it)',
}

/** Returns the length, title and first characters of a page, safe for a terminal. */
function describePage(html: string): string {
  const title = /<title[^>]{0,200}>([^<]{0,200})/i.exec(html)?.[1]
  const show = (text: string): string => JSON.stringify(printable(text).trim())
  return `${html.length} characters, title ${title === undefined ? 'none' : show(title)}, begins ${show(html.slice(0, 80))}.`
}

/** Replaces control characters, because parts of the page are quoted and must not command a terminal. */
function printable(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ')
}
