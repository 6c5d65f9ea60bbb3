import { DStreamError } from 'dstream'
import { describe } from '../../base/text/describe.js'
import { escapeControl } from '../../base/text/escape.js'

export function csvMissing(cause: unknown): DStreamError {
  return new DStreamError(
    'csv-parse-missing',
    'httpReceiver needs the package csv-parse for text/csv, which is not installed beside dstream; run: npm install csv-parse',
    { cause },
  )
}

export function webSocketMissing(cause: unknown): DStreamError {
  return new DStreamError(
    'undici-missing',
    `webSocket: this version of Node (${process.version}) has no WebSocket, and the package undici, which has one, is not ` +
      'installed beside dstream; run: npm install undici',
    { cause },
  )
}

export function cannotListen(where: string, cause: unknown): DStreamError {
  const inUse = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE' ? '. Another program listens there' : ''
  return new DStreamError('cannot-listen', `httpReceiver: cannot listen on ${where}: ${reasonOf(cause)}${inUse}`, {
    cause,
  })
}

export function webhookAway(url: string, what: string, cause?: unknown): DStreamError {
  return new DStreamError(
    'webhook-away',
    `webhookSink: ${escapeControl(url)} ${what}. The batch waits, and is sent again under the same Idempotency-Key`,
    { cause },
  )
}

export function webhookRefused(url: string, status: number, answer: string): DStreamError {
  const text = answer === '' ? '' : `: ${describe(answer)}`
  const moved = status >= 300 && status < 400 ? '. Give the address that it redirects to as url' : ''
  return new DStreamError('webhook-refused', `webhookSink: ${escapeControl(url)} refuses with ${status}${text}${moved}`)
}

export function badAnswer(where: string, url: string, what: string): DStreamError {
  return new DStreamError('bad-answer', `${where}: ${escapeControl(url)} ${what}`)
}

export function noData(where: string, url: string, ms: number): DStreamError {
  return new DStreamError(
    'no-data',
    `${where}: nothing has come from ${escapeControl(url)} for ${ms} ms, its idleTimeout; the connection may be half open`,
  )
}

/** Returns what an error of `fetch` says; its cause says more than itself. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return escapeControl(String(error))
  if (error.cause instanceof AggregateError) return [...new Set(error.cause.errors.map(reasonOf))].join('; ')
  const { message } = error.cause instanceof Error ? error.cause : error
  return escapeControl(message) || error.name
}

/** Returns a URL for messages: without user, password and query, which may be secrets. */
export function shownUrl(url: string): string {
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname}`
}
