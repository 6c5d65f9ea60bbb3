const brand = Symbol.for('dstream.dead-letter-target')

/** The place for records that are left out with their errors: what `deadLetter(sink)` returns. */
export interface DeadLetterTarget {
  readonly kind: 'dead letters'
}

/** Marks a target, so that any copy of this library knows it. */
export function deadLetterTarget<T extends object>(members: T): T & DeadLetterTarget {
  return Object.defineProperty({ ...members, kind: 'dead letters' as const }, brand, { value: true })
}

/** Returns true for a target of any copy of this library. */
export function isDeadLetterTarget(value: unknown): value is DeadLetterTarget {
  return typeof value === 'object' && value !== null && brand in value
}
