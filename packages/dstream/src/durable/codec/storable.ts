import { messageOf } from '../../base/errors/error-text.js'
import { notStorable, recordNotStorable, stateNotStorable } from '../../base/errors/storage.js'
import { toPlain } from './to-plain.js'
import { Unstorable } from './unstorable.js'

/**
 * Every error of the encoding is one of the value and not of the disk, since the next attempt would fail in the same way.
 * A getter or a proxy of the value may throw an error of its own.
 */
function check(value: unknown, refusal: (path: readonly PropertyKey[], reason: string) => Error): void {
  try {
    if (typeof value !== 'number' && typeof value !== 'string') toPlain(value)
  } catch (error) {
    if (error instanceof Unstorable) throw refusal(error.path, error.reason)
    throw refusal([], messageOf(error))
  }
}

/** Returns when a received record can be stored. @throws `state-not-storable`, which says where in the value and what to do */
export function checkStorable(value: unknown): void {
  check(value, notStorable)
}

/** Does the same for one key of a state and its value. @throws `state-not-storable`, which names operator and key */
export function checkStateStorable(operator: string, key: unknown, value: unknown): void {
  const refusal = (path: readonly PropertyKey[], reason: string): Error => stateNotStorable(operator, key, path, reason)
  check(key, refusal)
  check(value, refusal)
}

const READ_AGAIN = 'a record that a window or an output will read again'

/** Does the same for a record that is kept for later batches. @throws `state-not-storable`, which names the operator */
export function checkKeptStorable(operator: string, record: unknown): void {
  check(record, (path, reason) => recordNotStorable(operator, READ_AGAIN, path, reason))
}
