import { DStreamError } from 'dstream'
import { describe } from '../../base/text/describe.js'

export function redisGap(key: string, what: string): DStreamError {
  return new DStreamError(
    'redis-gap',
    `${describe(key)} in Redis: ${what}. Keep more of the stream (MAXLEN of XADD), or go on without the data: onGap: 'skip'`,
  )
}
