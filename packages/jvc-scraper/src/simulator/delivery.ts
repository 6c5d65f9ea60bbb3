import type { ServerResponse } from 'node:http'
import type { Clock } from '../clock.js'
import type { FaultName } from './faults.js'
import type { Random } from './random.js'
import { html } from './site.js'
import type { Reply } from './site.js'

/** A slow body takes this long, milliseconds, in so many pieces. */
const SLOW = 2000
const PIECES = 8

/** The answers of faults that need no page, or undefined when the page itself is to be answered. */
export function replyOfFault(fault: FaultName | undefined): Reply | undefined {
  switch (fault) {
    case 'challenge':
      return html(403, CHALLENGE, { 'cf-mitigated': 'challenge', server: 'cloudflare' })
    case 'rate-limited':
      return html(429, 'Too Many Requests', { 'retry-after': '1' })
    case 'unavailable':
      return html(503, '<html><head><title>Maintenance</title></head></html>', { 'retry-after': '1' })
    default:
      return undefined
  }
}

const CHALLENGE =
  '<!DOCTYPE html><html lang="en-US"><head><title>Just a moment...</title></head><body><form id="cf-challenge-form" action="/"></form></body></html>'

/** Sends an answer the way a fault has it. @param sentWhole is called when a reader has all of the page. */
export function deliver(
  response: ServerResponse,
  { status, headers, body }: Reply,
  {
    fault,
    random,
    clock,
    sentWhole,
  }: { fault: FaultName | undefined; random: Random; clock: Clock; sentWhole: () => void },
): void {
  if (fault === 'reset') return void response.destroy()
  // Never cut at the very end: the end of the page is a line of its own.
  const end = fault === 'cut' || fault === 'truncated' ? random.int(0, Math.floor(body.length * 0.9)) : body.length
  const length = fault === 'cut' ? body.length : end
  response.writeHead(status, { ...headers, 'content-length': length })
  if (end === body.length) response.once('finish', sentWhole)
  if (fault === 'cut') return void response.write(body.subarray(0, end), () => response.destroy())
  if (fault === 'slow') return drip(response, body, clock)
  response.end(body.subarray(0, end))
}

function drip(response: ServerResponse, body: Buffer, clock: Clock): void {
  const size = Math.ceil(body.length / PIECES)
  let sent = 0
  const next = (): void => {
    if (response.destroyed) return
    response.write(body.subarray(sent, (sent += size)))
    if (sent >= body.length) return void response.end()
    clock.setTimer(clock.now() + SLOW / PIECES, next)
  }
  next()
}
