import type { Logger } from '../../base/ports.js'
import type { FailedOutput } from '../../durable/checkpoint/checkpoint.js'
import type { RDDContext } from '../../rdd/rdd-context.js'
import type { Graph, OutputNode } from '../../streams/graph/graph.js'
import type { BatchStore } from '../batch/batch-store.js'

export interface FailedOutputsOptions {
  readonly graph: Graph
  readonly store: BatchStore
  readonly sc: RDDContext
  readonly logger: Logger
}

/**
 * Retries the outputs that failed in an earlier run: each is run once more, as soon as the operators above it have passed
 * its batch.
 */
export class FailedOutputs {
  readonly #options: FailedOutputsOptions
  #pending: readonly FailedOutput[] = []

  constructor(options: FailedOutputsOptions) {
    this.#options = options
  }

  add(failed: readonly FailedOutput[]): void {
    this.#pending = [...this.#pending, ...failed]
  }

  /** @param rerun runs an output on an earlier batch; resolves to true when the output is done with it */
  async retry(rerun: (output: OutputNode, time: number) => Promise<boolean>): Promise<void> {
    const { graph, store, sc, logger } = this.#options
    const pending = this.#pending
    this.#pending = pending.filter((failed) => store.isBlocked(failed))
    for (const failed of pending) {
      if (this.#pending.includes(failed)) continue
      const output = graph.outputs.find(({ id }) => id === failed.output)
      if (output === undefined || !store.restoreInputs(failed, sc)) {
        store.resolve(failed)
        logger.warn({ ...failed }, givenUp(failed, output !== undefined))
      } else if (await rerun(output, failed.time)) store.resolve(failed)
    }
  }
}

function givenUp({ output, time }: FailedOutput, isDefined: boolean): string {
  return (
    `The output ${output} failed on the batch of ${time} ms in an earlier run and will not be run again: ` +
    (isDefined ? 'its input is not kept any more.' : 'the program has no such output any more.')
  )
}
