import type { OutputHost, OutputNode } from '../../streams/graph/output.js'

type OpenedOutput = Pick<OutputNode, 'id' | 'open' | 'close'>

/** Opens and closes the outputs of a context. */
export class OpenOutputs {
  readonly #outputs: readonly OpenedOutput[]
  readonly #opened = new Set<OpenedOutput>()

  #closing: OpenedOutput | undefined

  constructor(outputs: readonly OpenedOutput[]) {
    this.#outputs = outputs
  }

  /** The output that is being closed, for the name of one that hangs. */
  get closing(): string {
    return `the output "${this.#closing?.id}"`
  }

  /** Opens the outputs one after the other. The first failure ends it, and the outputs after it stay closed. */
  async open(host: Omit<OutputHost, 'output'>): Promise<void> {
    for (const output of this.#outputs) {
      await output.open?.({ ...host, output: output.id })
      this.#opened.add(output)
    }
  }

  /** Closes all outputs that are open or need no opening. Closes the others too when one fails, and throws the first error. */
  async close(): Promise<void> {
    const failures: unknown[] = []
    for (const output of this.#outputs) {
      if (output.open !== undefined && !this.#opened.delete(output)) continue
      this.#closing = output
      try {
        await output.close?.()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }
}
