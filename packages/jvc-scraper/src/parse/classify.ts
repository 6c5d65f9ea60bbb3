import { payloadKind, readPayload } from './payload.js'
import { MarkupError } from './markup.js'
import { scanMarkup } from './scan.js'
import type { PageContext, PageKind } from './types.js'

/** Marks in the markup of pages that hold data, in today's and the older generation. */
const TOPIC_MARK = /id="listMessages"|class="bloc-message-forum[ "]/
const LIST_MARK = /class="[^"]{0,200}\btablesForum--listTopics\b|class="topic-list[ "]/
/** A single post or row, in any generation. */
const ITEM_MARK = /\bid="message-\d|\btablesForum__bodyRow\b|\bdata-id="\d/
const CHALLENGE_MARK =
  /<title>\s{0,99}(?:Just a moment|Un instant|Attention Required! \| Cloudflare)|id="cf-challenge-|\b_cf_chl_opt\b/i
/** The length in characters up to which the text of a page without data decides about its kind. */
const MAX_NOTICE = 60_000
const HIDDEN = new Set(['footer', 'script', 'style', 'template', 'title'])
const NOTICES: readonly (readonly [PageKind, RegExp])[] = [
  ['maintenance', /\b(?:en|de|under|for) maintenance\b|\bmaintenance (?:en cours|technique|programmée)/i],
  [
    'cookie-gate',
    /\b(?:accepte[rz]?|activer?|activez|autorise[rz]?|continuer sans|consent\w{0,9}|accord|enable|allow)\b[^<.]{0,60}\bcookies?\b|\bcookies?\b[^<.]{0,60}\b(?:consent|désactivés|disabled|required|nécessaires pour accéder)/i,
  ],
  [
    'forbidden',
    /\bforum (?:est )?(?:privé|réservé|inaccessible|fermé)|\baccès (?:refusé|interdit|restreint)|\bpas accès à ce/i,
  ],
]

const BY_STATUS: Readonly<Record<number, PageKind>> = {
  403: 'forbidden',
  404: 'not-found',
  410: 'gone',
  429: 'rate-limited',
}

/**
 * Classifies an answer: a page to parse, or one of the answers that hold no data. Never throws.
 *
 * Status, headers and address are used when given; the body alone is often enough. A page that holds data is `list` or
 * `topic` whatever else it contains, because the words of users must not influence the result.
 *
 * @example
 * classifyPage(body, { status: 403, headers: { 'cf-mitigated': 'challenge' } }) // 'challenge'
 */
export function classifyPage(html: string, context: PageContext = {}): PageKind {
  const { status = 200, headers, url } = context
  if (headers?.['cf-mitigated'] === 'challenge') return 'challenge'
  if (status < 400) {
    const data = dataKind(html)
    if (data !== 'unknown') return data
  }
  if (CHALLENGE_MARK.test(html)) return 'challenge'
  const known = BY_STATUS[status] ?? (status >= 500 ? 'unavailable' : undefined)
  if (known === 'unavailable' && byNotice(html) === 'maintenance') return 'maintenance'
  return known ?? byAddress(url) ?? byText(html)
}

function dataKind(html: string): PageKind {
  const visible = TOPIC_MARK.test(html) ? 'topic' : LIST_MARK.test(html) ? 'list' : 'unknown'
  // The payload is large, so it is read only when the markup leaves the kind open.
  if (visible !== 'unknown' && ITEM_MARK.test(html)) return visible
  const payload = readPayload(html)
  const kind = 'value' in payload ? payloadKind(payload.value) : 'unknown'
  return kind === 'unknown' || (kind !== 'forbidden' && visible !== 'unknown') ? visible : kind
}

function byAddress(url: string | undefined): PageKind | undefined {
  const path = /^(?:https?:\/\/[^/?#]*)?(\/[^?#]*)/.exec(url ?? '')?.[1]
  if (path === '/forums.htm') return 'index'
  return path !== undefined && /^\/(?:sso\/)?login\b/.test(path) ? 'login' : undefined
}

/** Classifies a page of the site without data by its words. */
function byText(html: string): PageKind {
  if (/http-equiv="refresh"[^>]{0,99}\/forums\.htm/i.test(html)) return 'index'
  const error = /\/img\/erreurs\/e(\d{3})\.png|alt="ERREUR (\d{3})"/.exec(html)
  if (error !== null) {
    const status = Number(error[1] ?? error[2])
    return BY_STATUS[status] ?? (status >= 500 ? 'unavailable' : 'unknown')
  }
  const title = /<title>([^<]{0,200})/i.exec(html)?.[1]?.trim() ?? ''
  if (/^(?:Connexion|Se connecter|Identification)\b/i.test(title)) return 'login'
  if (/^(?:Les )?Forums\b/i.test(title)) return 'index'
  return byNotice(html) ?? 'unknown'
}

/** Classifies a page by a notice in its title, or anywhere in its text when the page is short. */
function byNotice(html: string): PageKind | undefined {
  const title = /<title>([^<]{0,200})/i.exec(html)?.[1] ?? ''
  const text = html.length > MAX_NOTICE ? title : `${title}. ${visibleText(html)}`
  return NOTICES.find(([, pattern]) => pattern.test(text))?.[0]
}

/** Returns the words of a page without scripts, styles and its footer, which speaks of cookies on every page. */
function visibleText(html: string): string {
  const words: string[] = []
  const skipped: string[] = []
  try {
    scanMarkup(html, {
      open: (name) => void (HIDDEN.has(name) && skipped.push(name)),
      text: (data) => void (skipped.length === 0 && words.push(data)),
      close: (name) => void (HIDDEN.has(name) && skipped.pop()),
    })
  } catch (error) {
    if (!(error instanceof MarkupError)) throw error
  }
  return words.join(' ').replace(/\s+/g, ' ')
}
