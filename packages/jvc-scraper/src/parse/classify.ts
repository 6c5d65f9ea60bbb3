import { payloadKind, readPayload } from './payload.js'
import type { PageContext, PageKind } from './types.js'

/** Marks in the markup of pages that hold data, in today's and the older generation. */
const TOPIC_MARK = /id="listMessages"|class="bloc-message-forum[ "]/
const LIST_MARK = /class="[^"]{0,200}\btablesForum--listTopics\b|class="topic-list[ "]/
const CHALLENGE_MARK = /<title>\s{0,99}Just a moment\.\.\.|id="cf-challenge-form"/i

const BY_STATUS: Readonly<Record<number, PageKind>> = { 404: 'not-found', 410: 'gone', 429: 'rate-limited' }

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
  return known ?? byAddress(url) ?? byText(html)
}

function dataKind(html: string): 'list' | 'topic' | 'unknown' {
  if (TOPIC_MARK.test(html)) return 'topic'
  if (LIST_MARK.test(html)) return 'list'
  const payload = readPayload(html)
  return 'value' in payload ? payloadKind(payload.value) : 'unknown'
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
  return /^(?:Les )?Forums\b/i.test(title) ? 'index' : 'unknown'
}
