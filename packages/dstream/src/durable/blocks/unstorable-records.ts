import { DStreamError } from '../../base/errors/base.js'

/**
 * The refusal of a block some of whose records can never be stored. The journal has stored nothing of the block. Its
 * receiver decides about these records and adds the others again.
 */
export class UnstorableRecords extends DStreamError {
  /** The id of the source in the graph. */
  readonly operator: string
  /** Index of the record in the block → the error of its encoding. */
  readonly errors: ReadonlyMap<number, Error>

  constructor(operator: string, errors: ReadonlyMap<number, Error>, message: string) {
    super('state-not-storable', message)
    this.operator = operator
    this.errors = errors
  }
}
