import { describe } from '../text/describe.js'
import { DStreamError } from './base.js'

export function uiNeedsToken(host: string): DStreamError {
  return new DStreamError(
    'ui-needs-token',
    `new StreamingContext, option ui: other machines reach the host ${describe(host)}, so it needs auth: { token }. ` +
      'Without a token only this machine may look, as with host 127.0.0.1',
  )
}

export function uiNotOpened(host: string, port: number, cause: unknown): DStreamError {
  return new DStreamError(
    'ui-not-opened',
    `The page of the job cannot listen on ${host}, port ${port}. Choose another by ui: { host, port }, or 0 for any free port`,
    { cause },
  )
}

export function uiShared(host: string, port: number, option: string): DStreamError {
  return new DStreamError(
    'ui-shared',
    `Another context of this process has its page on ${host}, port ${port}, with another value of ${describe(option)}. ` +
      'Contexts that share a page have the same ui options; give this one another port, or the same options',
  )
}
