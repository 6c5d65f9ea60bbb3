import { describe } from '../../base/text/describe.js'
import type { OperatorSignature } from './checkpoint.js'

/** The stored description of an operator. */
export type StoredOperator = Omit<OperatorSignature, 'migrate' | 'formerFingerprint'>

/** The assignment of stored state to the operators of a program. */
export interface MatchPlan {
  readonly kept: readonly string[]
  /** The kept operators whose state is converted by the program's `migrate`. */
  readonly migrated: readonly string[]
  /** The operators with state for which nothing is stored. */
  readonly fresh: readonly string[]
  readonly dropped: readonly string[]
  /** The reason why the program must not start on this checkpoint, with what to do; `undefined` when it may start. */
  readonly refusal: string | undefined
}

/** The contents of a checkpoint, as far as matching needs them. */
export interface StoredContents {
  /** The ids of operators for which the checkpoint holds anything. Only these can refuse a program. */
  readonly holds: ReadonlySet<string>
  /**
   * The ids of operators that have been part of a commit. Their tables exist even when empty, so that initial state
   * must not be applied again.
   */
  readonly begun: ReadonlySet<string>
  /** Whether the program has the batch interval of the checkpoint; default true. */
  readonly sameInterval?: boolean
}

/** The reason why the state of one operator does not fit, and the ways out. */
interface Trouble {
  readonly id: string
  readonly what: string
  readonly cure: string
}

/**
 * Decides which stored state belongs to which operator of a program. Operators are matched by id, which is given with
 * `uid` or derived from the place in the graph. A derived id only says "the third map", so it counts only while the
 * ancestry of the operator (fingerprint) and the number of unnamed operators with that fingerprint are unchanged.
 * Otherwise a new operator of the same kind, put in front, would take over the state of its neighbour.
 *
 * A slide counts only while the batch interval is unchanged, since slides derive from it.
 */
export function match(
  operators: readonly StoredOperator[],
  { holds, begun, sameInterval = true }: StoredContents,
  current: readonly OperatorSignature[],
  allowDropped: readonly string[],
): MatchPlan {
  const stored = withNewFingerprints(operators, current)
  const now = new Map(current.map((operator) => [operator.id, operator]))
  const likes = [likeness(stored), likeness(current)] as const
  const kept: string[] = []
  const migrated: string[] = []
  const dropped: string[] = []
  const troubles: Trouble[] = []
  for (const before of stored) {
    if (!holds.has(before.id) && !(begun.has(before.id) && before.tables.length > 0)) continue
    const after = now.get(before.id)
    const trouble = after === undefined ? gone(before, current) : mismatch(before, after, likes, sameInterval)
    if (trouble !== undefined && !holds.has(before.id)) continue
    if (trouble !== undefined && allowDropped.includes(before.id)) dropped.push(before.id)
    else if (trouble !== undefined) troubles.push(trouble)
    else {
      kept.push(before.id)
      if (before.version !== after!.version) migrated.push(before.id)
    }
  }
  const taken = new Set(kept)
  const fresh = current.filter((operator) => keeps(operator) && !taken.has(operator.id)).map(({ id }) => id)
  const refusal = troubles.length === 0 ? undefined : refuse(troubles, { kept, fresh, dropped })
  return { kept, migrated, fresh, dropped, refusal }
}

function keeps(operator: StoredOperator): boolean {
  return operator.tables.length > 0
}

/** Replaces the fingerprints of earlier versions by the present ones of the same operators. */
function withNewFingerprints(
  stored: readonly StoredOperator[],
  current: readonly OperatorSignature[],
): readonly StoredOperator[] {
  const renamed = new Map(current.map(({ formerFingerprint, fingerprint }) => [formerFingerprint, fingerprint]))
  return stored.map((operator) => ({
    ...operator,
    fingerprint: renamed.get(operator.fingerprint) ?? operator.fingerprint,
  }))
}

/** Returns fingerprint → number of unnamed operators that have it. */
function likeness(operators: readonly StoredOperator[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { derived, fingerprint } of operators) {
    if (derived) counts.set(fingerprint, (counts.get(fingerprint) ?? 0) + 1)
  }
  return counts
}

function gone(before: StoredOperator, current: readonly OperatorSignature[]): Trouble {
  const { id, kind } = before
  const heirs = current.filter((operator) => operator.kind === kind && (keeps(operator) || before.tables.length === 0))
  const cure =
    heirs.length === 0
      ? ''
      : `if it belongs to ${heirs.map((heir) => heir.id).join(' or ')}, give that one .uid(${describe(id)}); `
  return { id, what: `${id} (${kind}) is not in the program any more`, cure: cure + dropCure(id) }
}

function mismatch(
  before: StoredOperator,
  after: OperatorSignature,
  [likesBefore, likesNow]: readonly [ReadonlyMap<string, number>, ReadonlyMap<string, number>],
  sameInterval: boolean,
): Trouble | undefined {
  const { id } = before
  if (before.kind !== after.kind) {
    const what = `${id} was ${before.kind} and is ${after.kind} now`
    return { id, what, cure: `give the new one another .uid; ${dropCure(id)}` }
  }
  const slides = before.slideMs !== undefined && after.slideMs !== undefined && before.slideMs !== after.slideMs
  if (after.derived && (before.fingerprint !== after.fingerprint || (sameInterval && slides))) {
    const what = `${id} has no uid, and what it is made from has changed`
    return { id, what, cure: `if it still is the same, give it .uid(${describe(id)}); ${dropCure(id)}` }
  }
  if (after.derived && likesBefore.get(after.fingerprint) !== likesNow.get(after.fingerprint)) {
    const [then, since] = [likesBefore.get(after.fingerprint) ?? 0, likesNow.get(after.fingerprint) ?? 0]
    const what = `${id} has no uid, and the program has ${since} unnamed operators like it where it had ${then}`
    return { id, what, cure: `give the one that it is .uid(${describe(id)}); ${dropCure(id)}` }
  }
  if (before.tables.some((table) => !after.tables.includes(table))) {
    const what = `${id} keeps ${after.tables.join(', ') || 'nothing'} where it kept ${before.tables.join(', ')}`
    return { id, what, cure: dropCure(id) }
  }
  if (before.version !== after.version && after.migrate === undefined) {
    const what = `${id} has state of version ${before.version}, and the program has version ${after.version} without migrate`
    return { id, what, cure: `give a migrate function that reads version ${before.version}; ${dropCure(id)}` }
  }
  return undefined
}

function dropCure(id: string): string {
  return `to drop its state, allowDroppedState: [${describe(id)}]`
}

function refuse(
  troubles: readonly Trouble[],
  { kept, fresh, dropped }: { kept: readonly string[]; fresh: readonly string[]; dropped: readonly string[] },
): string {
  const list = (ids: readonly string[]): string => (ids.length === 0 ? 'nothing' : ids.join(', '))
  const lost = [...troubles.map(({ id }) => id), ...dropped]
  return [
    'The checkpoint does not fit the program. Nothing has been changed.',
    ...troubles.map(({ what, cure }) => `  ${what}: ${cure}.`),
    `  kept: ${list(kept)}; new: ${list(fresh)}; would be dropped: ${list(lost)}`,
  ].join('\n')
}
