import { settled } from '../../base/promises.js'
import { versionUnknown } from '../../base/errors/checkpoint.js'
import { migrationFailed } from '../../base/errors/storage.js'
import type { Slice } from '../../base/ports.js'
import type { OperatorSignature, TableEntry } from './checkpoint.js'
import type { StoredState } from './stored-state.js'
import type { StoredEntry } from './stored-table.js'

/** Converts values of older versions by the program's `migrate`. */
export class Migration {
  readonly #state: StoredState
  readonly #operators: ReadonlyMap<string, OperatorSignature>
  readonly #kept: ReadonlySet<string>

  constructor(state: StoredState, operators: readonly OperatorSignature[], kept: ReadonlySet<string>) {
    this.#state = state
    this.#kept = kept
    this.#operators = new Map(operators.map((operator) => [operator.id, operator]))
  }

  /**
   * Converts everything once before anything is written, so that a `migrate` that throws refuses the start.
   *
   * @param slice lets the event loop turn between two parts
   * @throws `state-version-unknown`, `migration-failed`
   */
  async check(slice: Slice | undefined): Promise<void> {
    for (const [id, tables] of this.#state.tables) {
      const operator = this.#operators.get(id)
      if (operator === undefined) continue
      for (const [name, table] of tables) {
        const steps = table.migrate(operator.version, (entry) => migrated(operator, name, entry))
        while (steps.next().done !== true) await slice?.pause()
      }
    }
  }

  readonly table = (operator: string, table: string): Iterable<TableEntry> | undefined =>
    this.#kept.has(operator) ? (this.#state.tables.get(operator)?.get(table)?.values() ?? []) : undefined
}

function migrated({ id, version, migrate }: OperatorSignature, table: string, entry: StoredEntry): unknown {
  if (migrate === undefined) throw versionUnknown(id, entry.version, version)
  // The other tables of an operator belong to the engine and have no versions.
  if (table !== 'state') return entry.value
  try {
    return settled('migrate', migrate(entry.value, entry.version))
  } catch (error) {
    throw migrationFailed(id, entry.key, entry.version, version, error)
  }
}
