/** When a partition of a state that a worker updates is kept as bytes where the batches are. */
export interface PackingRule {
  /** The updates by workers in a row, with no need of its cells in between, before a partition is packed. */
  readonly afterUpdates: number
  /** The bytes of changes below which they are left beside their base. */
  readonly leastBytes: number
}
