import type { FailedOutput } from '../../durable/checkpoint/checkpoint.js'
import type { Graph, OutputNode } from '../../streams/graph/graph.js'
import type { Logger } from '../../base/ports.js'
import type { RDDContext } from '../../rdd/rdd-context.js'
import type { CheckpointedStore } from '../batch/batch-store.js'

export interface OwedOutputsOptions {
  readonly graph: Graph
  readonly store: CheckpointedStore
  readonly sc: RDDContext
  readonly logger: Logger
  /** True when the output is done with that batch. */
  readonly rerun: (output: OutputNode, time: number) => Promise<boolean>
}

/** The outputs that an earlier life owes: each is run once more, as soon as the operators above it have passed its batch. */
export class FailedOutputs {
  readonly #o: OwedOutputsOptions
  #due: readonly FailedOutput[]

  constructor(options: OwedOutputsOptions, due: readonly FailedOutput[]) {
    this.#o = options
    this.#due = due
  }

  async pay(): Promise<void> {
    const { graph, store, sc, logger, rerun } = this.#o
    const due = this.#due
    this.#due = due.filter((owed) => store.isWaiting(owed))
    for (const owed of due) {
      if (this.#due.includes(owed)) continue
      const output = graph.outputs.find(({ id }) => id === owed.output)
      if (output === undefined || !store.putBack(owed, sc)) {
        store.paid(owed)
        logger.warn({ ...owed }, givenUp(owed, output !== undefined))
      } else if (await rerun(output, owed.time)) store.paid(owed)
    }
  }
}

function givenUp({ output, time }: FailedOutput, isDefined: boolean): string {
  return (
    `The output ${output} failed on the batch of ${time} ms in an earlier life and will not be run again: ` +
    (isDefined ? 'what it would be given is not kept any more.' : 'the program has no such output any more.')
  )
}
