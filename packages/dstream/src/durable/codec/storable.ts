import { notStorable, stateNotStorable } from '../../base/errors/storage.js'
import { mustBeStorable, Unstorable } from './to-plain.js'

/**
 * Returns when a record or a state can be stored. Every error of the encoding is one of the value and not of the disk:
 * the next attempt would fail in the same way.
 *
 * @throws `state-not-storable`, which says where in the value and what to do
 */
export function checkStorable(value: unknown): void {
  try {
    mustBeStorable(value)
  } catch (error) {
    if (error instanceof Unstorable) throw notStorable(error.path, error.reason)
    // A getter or a proxy of the value threw.
    throw notStorable([], error instanceof Error ? error.message : String(error), error)
  }
}

/** Does the same as `checkStorable` for one key of a state and its value. @throws `state-not-storable` */
export function checkStateStorable(operator: string, key: unknown, value: unknown): void {
  try {
    mustBeStorable(key)
    mustBeStorable(value)
  } catch (error) {
    if (error instanceof Unstorable) throw stateNotStorable(operator, key, error.path, error.reason)
    throw stateNotStorable(operator, key, [], error instanceof Error ? error.message : String(error))
  }
}
