import type { OutputHost, OutputSpec } from '../../streams/graph/output.js'

/** Opens and closes the outputs of a context. */
export class OpenOutputs {
  readonly #outputs: readonly OutputSpec[]
  readonly #opened = new Set<OutputSpec>()

  constructor(outputs: readonly OutputSpec[]) {
    this.#outputs = outputs
  }

  /** Opens the outputs one after the other. The first failure ends it, and the outputs after it stay closed. */
  async open(host: OutputHost): Promise<void> {
    for (const output of this.#outputs) {
      await output.open?.(host)
      this.#opened.add(output)
    }
  }

  /** Closes all outputs that are open or need no opening. Closes the others too when one fails, and throws the first error. */
  async close(): Promise<void> {
    const failures: unknown[] = []
    for (const output of this.#outputs) {
      if (output.open !== undefined && !this.#opened.delete(output)) continue
      try {
        await output.close?.()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }
}
