import type { OutputSpec } from '../../streams/graph/graph.js'
import { abandon, type Mortal } from './mortal.js'

/** The outputs of a life, from their opening to their end. */
export class OpenOutputs {
  readonly #outputs: readonly (OutputSpec & Mortal)[]
  readonly #opened = new Set<OutputSpec & Mortal>()

  constructor(outputs: readonly (OutputSpec & Mortal)[]) {
    this.#outputs = outputs
  }

  /** One after the other; those after one that fails stay as they are. */
  async open(): Promise<void> {
    for (const output of this.#outputs) {
      await output.open?.()
      this.#opened.add(output)
    }
  }

  /** All, but for those that have not come to be opened. One that fails keeps no other from it. */
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

  /** As if the process had died: those that were opened are not closed. */
  async abandon(): Promise<void> {
    const opened = [...this.#opened]
    this.#opened.clear()
    await Promise.all(opened.map(async (output) => output[abandon]?.()))
  }
}
