import { aString } from '../base/options.js'

/**
 * An output that a program has defined.
 *
 * @example
 * lines.foreachRDD(async (rdd) => seen.push(await rdd.count())).uid('line-count')
 */
export class OutputOperation {
  readonly #setId: (id: string) => void

  /** @internal Made by a stream. */
  constructor(setId: (id: string) => void) {
    this.#setId = setId
  }

  /**
   * Sets the id under which a checkpoint knows the batches that wait for this output. Without it the id follows from the
   * place of the output among those of its kind, which shifts when another one is defined before it.
   *
   * @throws `uid-taken`; `adding-too-late` after start
   */
  uid(id: string): this {
    this.#setId(aString('uid', 'id', id))
    return this
  }
}
