import { messageOf } from '../../base/errors/error-text.js'
import { notStorable, recordNotStorable, stateNotStorable } from '../../base/errors/storage.js'
import { toPlain } from './to-plain.js'
import { Unstorable } from './unstorable.js'

/**
 * Throws the refusal of a value that cannot be encoded. Every failure is a fault of the value and not of the disk,
 * since the next attempt would fail in the same way. A getter or a proxy of the value may throw an error of its own.
 */
function check(value: unknown, refusal: (path: readonly PropertyKey[], reason: string) => Error): void {
  try {
    if (typeof value !== 'number' && typeof value !== 'string') toPlain(value)
  } catch (error) {
    if (error instanceof Unstorable) throw refusal(error.path, error.reason)
    throw refusal([], messageOf(error))
  }
}

/** Returns if what a source gives beside its records can be stored. @throws `state-not-storable`, which names the place in the value */
export function checkStorable(value: unknown): void {
  check(value, notStorable)
}

/** Returns if a key of a state and its value can be stored. @throws `state-not-storable`, which names operator and key */
export function checkStateStorable(operator: string, key: unknown, value: unknown): void {
  const refusal = (path: readonly PropertyKey[], reason: string): Error => stateNotStorable(operator, key, path, reason)
  check(key, refusal)
  check(value, refusal)
}

/**
 * Returns if a record that a source has received can be stored.
 * @throws `state-not-storable`, which names the operator
 */
export function checkReceivedStorable(operator: string, record: unknown): void {
  check(record, (path, reason) => recordNotStorable(operator, 'a received record', path, reason))
}

const READ_AGAIN = 'a record that a window or an output will read again'

/**
 * Returns if a record that is kept for later batches can be stored.
 * @throws `state-not-storable`, which names the operator
 */
export function checkKeptStorable(operator: string, record: unknown): void {
  check(record, (path, reason) => recordNotStorable(operator, READ_AGAIN, path, reason))
}
