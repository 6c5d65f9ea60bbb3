import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate } from 'node:zlib'
import { Agent, type Dispatcher } from 'undici'
import type { Identity } from './identity.js'

/** The maximum size of a page, before and after decompression. Real pages are about 230 KB. */
const MAX_BODY_BYTES = 8 * 1024 * 1024

export interface HttpTimeouts {
  readonly connectMs: number
  readonly headersMs: number
  /** The maximum time between two chunks of the body. */
  readonly bodyMs: number
  /** The maximum time from the request to the last byte. */
  readonly totalMs: number
}

export const DEFAULT_TIMEOUTS: HttpTimeouts = { connectMs: 10_000, headersMs: 15_000, bodyMs: 10_000, totalMs: 30_000 }

export interface HttpAnswer {
  readonly status: number
  /** The headers by lower-case name. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** Performs one GET without following redirects or retrying. Rejects unless a complete answer arrives. */
export type Get = (url: string, signal: AbortSignal, options?: GetOptions) => Promise<HttpAnswer>

export interface GetOptions {
  /** Whether the operator's cookie is sent; true unless given. */
  readonly withCookie?: boolean
}

export interface HttpClient {
  readonly get: Get
  close(): Promise<void>
}

const decoders: Readonly<Record<string, (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>>> = {
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
}

/** Makes a client that keeps up to `connections` connections open. */
export function httpClient(
  identity: Identity,
  connections: number,
  timeouts: HttpTimeouts = DEFAULT_TIMEOUTS,
): HttpClient {
  const agent = new Agent({
    connections,
    allowH2: true,
    connect: { timeout: timeouts.connectMs },
    headersTimeout: timeouts.headersMs,
    bodyTimeout: timeouts.bodyMs,
    maxResponseSize: MAX_BODY_BYTES,
  })
  const headers = {
    'user-agent': identity.userAgent,
    accept: 'text/html,application/xhtml+xml,text/plain;q=0.8',
    'accept-language': 'fr-FR,fr;q=0.9',
    'accept-encoding': 'gzip, deflate, br',
  }
  const withCookie = identity.cookie === undefined ? headers : { ...headers, cookie: identity.cookie }
  return {
    get: async (url, signal, options = {}) => {
      const { origin, pathname, search } = new URL(url)
      const limit = AbortSignal.any([signal, AbortSignal.timeout(timeouts.totalMs)])
      const answer = await agent.request({
        origin,
        path: pathname + search,
        method: 'GET',
        headers: options.withCookie === false ? headers : withCookie,
        signal: limit,
      })
      return { status: answer.statusCode, headers: answer.headers, body: await bodyOf(answer) }
    },
    close: () => agent.destroy(),
  }
}

async function bodyOf(answer: Dispatcher.ResponseData): Promise<string> {
  const bytes = Buffer.from(await answer.body.arrayBuffer())
  const encoding = String(answer.headers['content-encoding'] ?? 'identity')
    .trim()
    .toLowerCase()
  const decode = decoders[encoding]
  const plain = decode === undefined ? bytes : await decode(bytes, { maxOutputLength: MAX_BODY_BYTES })
  return plain.toString('utf8')
}
