/** Not a name, so that no sink of a user's has it by chance. */
export const abandon: unique symbol = Symbol.for('dstream.abandon')

/** An output, or what it writes to, that can be ended as if the process had died: for tests that crash. */
export interface Mortal {
  /** Gives back what the system takes from a dead process, its locks above all. Nothing is finished, nothing begun. */
  [abandon]?(): Promise<void>
}
