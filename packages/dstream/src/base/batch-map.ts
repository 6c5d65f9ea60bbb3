/**
 * A map from batch times, in milliseconds, to what a batch was given, forgotten from the oldest batch on.
 *
 * @example
 * const rows = new BatchMap<string>([[1000, 'a'], [2000, 'b']])
 * rows.forget(1000)
 * rows.size // 1
 */
export class BatchMap<V> extends Map<number, V> {
  /** Deletes the entries of all batches at or before `time`. */
  forget(time: number): void {
    for (const known of this.keys()) if (known <= time) this.delete(known)
  }
}
