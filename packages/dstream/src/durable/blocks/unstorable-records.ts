import { DStreamError } from '../../base/errors/base.js'

/**
 * Some records of a block cannot be stored, now or ever. The journal has taken nothing of the block: its receiver decides
 * about these records and adds the others again.
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
