import { versionUnknown } from '../../base/errors/checkpoint.js'
import { migrationFailed } from '../../base/errors/storage.js'
import type { OperatorSignature, TableEntry } from './checkpoint.js'
import type { StoredState } from './stored-state.js'

/** Values of older versions, read by the program's `migrate`. */
export class Migration {
  readonly #state: StoredState
  readonly #operators: ReadonlyMap<string, OperatorSignature>
  readonly #kept: ReadonlySet<string>

  constructor(state: StoredState, operators: readonly OperatorSignature[], kept: ReadonlySet<string>) {
    this.#state = state
    this.#kept = kept
    this.#operators = new Map(operators.map((operator) => [operator.id, operator]))
  }

  /** Everything is migrated once before anything is written: a `migrate` that throws refuses the start. */
  check(): void {
    for (const [id, tables] of this.#state.tables) {
      const operator = this.#operators.get(id)
      if (operator === undefined) continue
      for (const [name, table] of tables) {
        for (const [key, entry] of table) {
          if (entry.version === operator.version) continue
          if (operator.migrate === undefined) throw versionUnknown(id, entry.version, operator.version)
          try {
            // Other tables of an operator are the engine's own, and have no versions.
            const value = name === 'state' ? operator.migrate(entry.value, entry.version) : entry.value
            table.set(key, { ...entry, value, version: operator.version })
          } catch (error) {
            throw migrationFailed(id, entry.key, entry.version, operator.version, error)
          }
        }
      }
    }
  }

  readonly table = (operator: string, table: string): Iterable<TableEntry> | undefined =>
    this.#kept.has(operator) ? (this.#state.tables.get(operator)?.get(table)?.values() ?? []) : undefined
}
