import { describe } from '../text/describe.js'
import { DStreamError } from './base.js'

export function notAPair(operator: string, record: unknown): DStreamError {
  return new DStreamError(
    'not-a-pair',
    `${operator} works on pairs [key, value], and ${describe(record)} is none; make pairs with mapToPair first`,
  )
}

const NOT_ASYNC = 'the function must not be async: await with mapAsync'

export function promiseReturned(operator: string, what = 'a Promise'): DStreamError {
  const cure = operator === 'foreach' ? 'the function must not be async: use foreachAsync' : NOT_ASYNC
  return new DStreamError(
    'promise-returned',
    `The function of ${operator} returned ${what}, and ${operator} does not wait for it; ${cure}`,
  )
}

export function decisionIsPromise(cause: unknown): DStreamError {
  return new DStreamError(
    'promise-returned',
    "onRecordError returned a Promise, and nothing waits for it; it must not be async: return 'fail' or 'skip' at once",
    { cause },
  )
}

export function notIterable(operator: string, value: unknown): DStreamError {
  const cure =
    typeof value === 'string'
      ? 'a string is not taken for a list of characters: split it, or return [text]'
      : 'return an array or another iterable, [] for nothing'
  return new DStreamError('not-iterable', `The function of ${operator} returned ${describe(value)}; ${cure}`)
}

export function emptyCollection(action: string): DStreamError {
  return new DStreamError(
    'empty-collection',
    `${action} needs at least one record, and this is an empty collection; ask isEmpty() first, or use fold or take`,
  )
}

export function zeroIsNoFunction(operator: string, zero: unknown): DStreamError {
  return new DStreamError(
    'bad-option',
    `${operator}: zero must be a function that returns the value to begin with, not ${describe(zero)}. Every partition gets a value of its own: write () => 0`,
  )
}

export function asyncTimedOut(timeoutMs: number): DStreamError {
  return new DStreamError(
    'async-timed-out',
    `An asynchronous function did not settle within ${timeoutMs} ms. Give it a longer timeout, or let it give up when its signal is aborted`,
  )
}

export function noFiles(action: string): DStreamError {
  return new DStreamError(
    'no-files',
    `${action} needs a file system, and this RDDContext has none. Use the one of a StreamingContext, ssc.sc`,
  )
}

export function unequalPartitions(left: number, right: number): DStreamError {
  return new DStreamError(
    'unequal-partitions',
    `Can't zip RDDs with unequal numbers of partitions: ${left} and ${right}; repartition one of them, or join by zipWithIndex`,
  )
}

export function unequalParts(partition: number, left: number, right: number): DStreamError {
  return new DStreamError(
    'unequal-parts',
    `Can only zip RDDs with same number of elements in each partition: partition ${partition} has ${left} and ${right}; join by zipWithIndex instead`,
  )
}

export function notAnRDD(where: string, value: unknown): DStreamError {
  return new DStreamError('not-an-rdd', `${where} takes another RDD, not ${describe(value)}; make one with parallelize`)
}

export function notANumber(action: string, value: unknown): DStreamError {
  return new DStreamError(
    'not-a-number',
    `${action} takes numbers, and ${describe(value)} is none; map to numbers first`,
  )
}

export function badHistogram(reason: string): DStreamError {
  return new DStreamError('bad-histogram', `histogram: ${reason}`)
}

export function broadcastDestroyed(id: number): DStreamError {
  return new DStreamError(
    'broadcast-destroyed',
    `Attempted to use Broadcast(${id}) after it was destroyed; broadcast the value again, or destroy it later`,
  )
}

export function ranEarly(what: string): DStreamError {
  return new DStreamError(
    'ran-early',
    `${what} is used by a function on a record whose batch has not begun, and the function is called again in that batch; let this error pass`,
  )
}
