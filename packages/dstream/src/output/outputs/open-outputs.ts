import type { OutputHost, OutputSpec } from '../../streams/graph/graph.js'

/** The outputs of a running context, from opening to closing. */
export class OpenOutputs {
  readonly #outputs: readonly OutputSpec[]
  readonly #opened = new Set<OutputSpec>()

  constructor(outputs: readonly OutputSpec[]) {
    this.#outputs = outputs
  }

  /** Opens the outputs one after the other. Outputs behind one that fails are not opened. */
  async open(host: OutputHost): Promise<void> {
    for (const output of this.#outputs) {
      await output.open?.(host)
      this.#opened.add(output)
    }
  }

  /** Closes the outputs that were opened, and those that need no opening. An output that fails does not keep others open. */
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
