import { describe } from '../text/describe.js'
import { DStreamError } from './base.js'

const WAYS = "use plain data, immutable's collections, or a class with a clone() method"

export function stateNotData(value: unknown, what: string): DStreamError {
  const cure =
    what === 'Promise'
      ? 'the function must not be async: await with mapAsync before the stateful operator'
      : `a state must be data that can be copied and stored: ${WAYS}`
  return new DStreamError('state-not-data', `A state holds ${describe(value)}, a ${what}; ${cure}`)
}

export function stateChangedInPlace(operator: string, key: unknown): DStreamError {
  return new DStreamError(
    'state-changed-in-place',
    `The function of ${operator} changed the state of key ${describe(key)} in place and did not update it: it changed a copy, and the change would be lost; call state.update() with the new value`,
  )
}

export function promiseEmitted(operator: string): DStreamError {
  return new DStreamError(
    'promise-emitted',
    `The function of ${operator} returned a Promise, which would be emitted as it is; ` +
      'the function must not be async: await with mapAsync, before or after the stateful operator',
  )
}

export function stateWithPrivateFields(name: string): DStreamError {
  return new DStreamError(
    'state-not-data',
    `A state holds an instance of ${name}, whose private fields (#…) cannot be copied from outside; ${WAYS}`,
  )
}

export function stateVersionForgotten(version: number, floor: number): DStreamError {
  return new DStreamError(
    'state-version-forgotten',
    `The state as of batch ${version} ms has been forgotten, since the oldest that is kept is of batch ${floor} ms; ask within the batch, take a snapshot() in time, or keep batches for longer with ssc.remember(duration)`,
  )
}

export function stateViewReleased(version: number): DStreamError {
  return new DStreamError(
    'state-view-released',
    `The snapshot of batch ${version} ms has been released; read it before release(), or take a new one`,
  )
}

export function stateOutOfOrder(version: number, last: number): DStreamError {
  return new DStreamError(
    'state-out-of-order',
    `The state has passed batch ${last} ms and cannot begin batch ${version} ms; begin batches in order of time, one after the other`,
  )
}

export function stateNotOpen(doing: string): DStreamError {
  return new DStreamError('state-not-open', `Cannot ${doing} a state between two batches; call begin(version) first`)
}

export function stateNotEmpty(): DStreamError {
  return new DStreamError('state-not-empty', 'A state can be restored only before its first batch; make a new one')
}

/** Uses the wording of Spark's State and StateImpl, as do the next four. */
export function stateNotSet(key: unknown): DStreamError {
  return new DStreamError(
    'state-not-set',
    `State is not set for key ${describe(key)}; ask exists(), or use getOption()`,
  )
}

export function updateAfterRemove(key: unknown): DStreamError {
  return new DStreamError(
    'state-removed',
    `Cannot update the state after it has been removed (key ${describe(key)}); decide between update() and remove() in one call`,
  )
}

export function updateWhileTimingOut(key: unknown): DStreamError {
  return new DStreamError(
    'state-timing-out',
    `Cannot update the state that is timing out (key ${describe(key)}); ask isTimingOut() first`,
  )
}

export function removeTwice(key: unknown): DStreamError {
  return new DStreamError(
    'state-removed',
    `Cannot remove the state that has already been removed (key ${describe(key)}); call remove() once`,
  )
}

export function removeWhileTimingOut(key: unknown): DStreamError {
  return new DStreamError(
    'state-timing-out',
    `Cannot remove the state that is timing out (key ${describe(key)}); it is removed by itself, so ask isTimingOut() first`,
  )
}

export function stateOutsideCall(key: unknown): DStreamError {
  return new DStreamError(
    'state-outside-call',
    `The State of key ${describe(key)} was used after its call had ended; use it only inside the function, synchronously`,
  )
}

export function updateWithNothing(key: unknown): DStreamError {
  return new DStreamError(
    'state-not-set',
    `State.update was given undefined for key ${describe(key)}; call remove() to drop a state, or store null`,
  )
}
