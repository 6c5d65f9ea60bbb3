import type { Block } from '../../durable/blocks/block.js'
import type { UnstorableRecords } from '../../durable/blocks/unstorable-records.js'
import { partNotStorable } from '../../base/errors/receive.js'
import { RecordError } from '../../base/record-error.js'

/** The user's answer to a record that cannot be processed; absent, every such record fails its batch. */
export type RecordPolicy = ((error: RecordError) => 'fail' | 'skip') | undefined

/** Checks what is stored beside records. @throws `state-not-storable` */
export function checkPart(
  part: 'position' | 'metadata',
  value: unknown,
  { mustBeStorable }: { readonly mustBeStorable?: (value: unknown) => void },
): void {
  if (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol') return
  try {
    mustBeStorable?.(value)
  } catch (error) {
    throw partNotStorable(part, error)
  }
}

/**
 * Takes the records that can never be stored out of a block and decides about each. Returns the block without them, which
 * is `undefined` when nothing is left; a block without records is kept for its position.
 *
 * @param decide returns the error that fails a record, or `undefined` when it is left out; by default each one fails
 */
export function sortOut(
  block: Block,
  { operator, errors }: UnstorableRecords,
  decide: (error: RecordError) => unknown = (error) => error,
): { rest: Block | undefined; failures: unknown[] } {
  const given = (block.payload as { readonly records: readonly unknown[] }).records
  const failures = [...errors]
    .map(([i, cause]) => decide(new RecordError({ operator, time: undefined }, given[i], cause)))
    .filter((failure) => failure !== undefined)
  const records = given.filter((_, i) => !errors.has(i))
  const isEmpty = records.length === 0 && block.position === undefined
  return { rest: isEmpty ? undefined : { ...block, payload: { records }, count: records.length }, failures }
}

/**
 * The received records of one source that can never be stored. A record is gone once it is refused, so it fails one batch
 * only: when that batch is run again, its other records pass.
 */
export class RefusedRecords {
  readonly #policy: RecordPolicy
  #failed: { readonly error: unknown } | undefined

  constructor(policy: RecordPolicy) {
    this.#policy = policy
  }

  /** Returns the error that fails a record, or `undefined` when the policy leaves it out. */
  decide(error: RecordError): unknown {
    try {
      return this.#policy?.(error) === 'skip' ? undefined : error
    } catch (thrown) {
      return thrown
    }
  }

  /** Lets the next batch fail with this error; the first one counts. */
  failBatch(error: unknown): void {
    this.#failed ??= { error }
  }

  /** The error with which no batch has failed yet. */
  get pending(): unknown {
    return this.#failed?.error
  }

  /** @throws the error with which a batch is to fail, once */
  check(): void {
    const failed = this.#failed
    this.#failed = undefined
    if (failed !== undefined) throw failed.error
  }
}
