import type { Operator } from './operator.js'

/** Parameters that tune an operator and may change from one run to the next. */
const tuning = new Set(['numPartitions', 'version', 'timeoutMs', 'ttlMs'])

/** FNV-1a over the text, twice with different seeds: 64 bits as hex. */
function digest(text: string): string {
  const half = (seed: number): string => {
    let hash = seed
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
    return (hash >>> 0).toString(16).padStart(8, '0')
  }
  return half(0x811c9dc5) + half(0x1b873593)
}

/**
 * What an operator descends from: kinds and parameters of itself and its ancestry, in 16 hex digits. A derived id is
 * trusted only while this stays the same. Functions, names, places and what a source connects to are not part of it.
 */
export function fingerprint(operator: Operator): string {
  const known = new Map<Operator, string>()
  const of = (op: Operator): string => {
    const seen = known.get(op)
    if (seen !== undefined) return seen
    const params = op.source === true ? {} : Object.entries(op.params).filter(([key]) => !tuning.has(key))
    // A slide that is taken over from above is that of the batches, an option that may change.
    const slide =
      op.source === true || op.parents.some(({ slideMs }) => slideMs === op.slideMs) ? undefined : op.slideMs
    const print = digest(JSON.stringify([op.kind, params, slide, op.parents.map(of)]))
    known.set(op, print)
    return print
  }
  return of(operator)
}
