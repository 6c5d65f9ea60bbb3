import { badOption } from '../../base/errors/options.js'

/** The URLs that a connector takes: their protocols, and the words of an error for them. */
interface UrlKind {
  readonly protocols: RegExp
  readonly expected: string
}

export const HTTP: UrlKind = { protocols: /^https?:$/, expected: 'an http: or https: URL' }
export const WEB_SOCKET: UrlKind = { protocols: /^(wss?|https?):$/, expected: 'a ws: or wss: URL' }

/** Returns a URL as a text. @throws `bad-option` for what is no URL of that kind */
export function checkUrl(where: string, url: unknown, { protocols, expected }: UrlKind): string {
  const text = url instanceof URL ? url.href : url
  if (typeof text === 'string' && URL.canParse(text) && protocols.test(new URL(text).protocol)) return text
  throw badOption(where, 'url', expected, url)
}

/** Returns headers with names in lower case. @throws `bad-option` */
export function checkHeaders(where: string, headers: unknown): Record<string, string> {
  try {
    return Object.fromEntries(new Headers(headers as Record<string, string>))
  } catch {
    throw badOption(where, 'headers', 'an object of names and texts', headers)
  }
}
