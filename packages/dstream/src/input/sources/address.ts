import { badOption } from '../../base/errors/options.js'
import { aString } from '../../base/options.js'
import type { Address } from './socket-receiver.js'

/** @throws `bad-option` */
export function addressOf(where: string, host: unknown, port: unknown): Address {
  const inRange = Number.isSafeInteger(port) && (port as number) >= 1 && (port as number) <= 65_535
  if (!inRange) throw badOption(where, 'port', 'a whole number from 1 to 65535', port)
  return { host: aString(where, 'host', host), port: port as number }
}
