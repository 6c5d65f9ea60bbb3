import type { Operator } from './operator.js'

/** The parameters that may change from one run to the next without changing the meaning of a state. */
const changeableParams = new Set(['numPartitions', 'version', 'timeoutMs', 'ttlMs'])

/** Hashes a text with FNV-1a, twice with different seeds: 64 bits as hex. */
export function digest(text: string): string {
  const half = (seed: number): string => {
    let hash = seed
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
    return (hash >>> 0).toString(16).padStart(8, '0')
  }
  return half(0x811c9dc5) + half(0x1b873593)
}

/**
 * Hashes the kinds and parameters of an operator and its ancestors to 16 hex digits. A state is matched to a derived id only
 * while the fingerprint is the same. Functions, names, call sites and addresses of sources are not part of it, and neither
 * are slides, which change with the batch interval. `known` keeps the fingerprints of operators that were asked for before.
 */
export function fingerprint(operator: Operator, known = new Map<Operator, string>()): string {
  return hashOf(operator, (key) => key !== 'slideMs', () => undefined, known) // prettier-ignore
}

/** Returns the fingerprint that earlier versions have stored. It includes slides. */
export function formerFingerprint(operator: Operator, known = new Map<Operator, string>()): string {
  // A slide inherited from a parent is the batch interval, an option that may change.
  const slideOf = ({ source, parents, slideMs }: Operator): number | undefined =>
    source === true || parents.some((parent) => parent.slideMs === slideMs) ? undefined : slideMs
  return hashOf(operator, () => true, slideOf, known)
}

function hashOf(
  operator: Operator,
  counts: (param: string) => boolean,
  slideOf: (operator: Operator) => number | undefined,
  known: Map<Operator, string>,
): string {
  const of = (op: Operator): string => {
    const lasting = Object.entries(op.params).filter(([key]) => counts(key) && !changeableParams.has(key))
    const params = op.source === true ? {} : lasting
    return digest(JSON.stringify([op.kind, params, slideOf(op), op.parents.map((parent) => known.get(parent))]))
  }
  // A chain of operators may be longer than the stack is deep: an operator waits until its parents are known.
  const pending = [operator]
  for (let op = pending.at(-1); op !== undefined; op = pending.at(-1)) {
    const unknown = op.parents.filter((parent) => !known.has(parent))
    if (unknown.length === 0) {
      known.set(op, of(op))
      pending.pop()
    } else pending.push(...unknown)
  }
  return known.get(operator)!
}
