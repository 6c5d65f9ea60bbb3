import { describe } from '../../base/text/describe.js'
import type { OperatorSignature } from './checkpoint.js'

/** An operator as a checkpoint has noted it: all of its print but the function. */
export type StoredOperator = Omit<OperatorSignature, 'migrate' | 'formerFingerprint'>

/** What becomes of the state that a checkpoint holds, operator by operator. */
export interface MatchPlan {
  readonly kept: readonly string[]
  /** Kept, and read by `migrate` of the program. */
  readonly migrated: readonly string[]
  /** Operators that keep something and find nothing. */
  readonly fresh: readonly string[]
  readonly dropped: readonly string[]
  /** Why the program must not start on this checkpoint, and what to do; `undefined` when it may. */
  readonly refusal: string | undefined
}

/** What a checkpoint holds for the operators of a program. */
export interface StoredContents {
  /** Ids of operators for which the checkpoint holds anything; only these can be in the way. */
  readonly holds: ReadonlySet<string>
  /** Ids of operators that have been part of a commit: an empty table of theirs is a table, not a beginning. */
  readonly begun: ReadonlySet<string>
  /** Whether the program has the batch interval of the checkpoint; default true. */
  readonly sameInterval?: boolean
}

/** What is wrong with the state of one operator, and the ways out. */
interface Trouble {
  readonly id: string
  readonly what: string
  readonly cure: string
}

/**
 * Decides which state of a checkpoint belongs to which operator of a program. By id: given with `uid`, or derived from the
 * place. A derived id says only "the third map", so it counts only while what the operator descends from is the same
 * (fingerprint) and as many unnamed operators as before have that fingerprint: another one of the same making, put in
 * front, would otherwise take over the state of its neighbour.
 *
 * A slide counts only while the batch interval is the same, from which slides derive.
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

/** Replaces the fingerprints of earlier versions by those that the same operators have now. */
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

/** Fingerprint → how many unnamed operators have it. */
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
    'the checkpoint does not fit the program. Nothing has been changed.',
    ...troubles.map(({ what, cure }) => `  ${what}: ${cure}.`),
    `  kept: ${list(kept)}; new: ${list(fresh)}; would be dropped: ${list(lost)}`,
  ].join('\n')
}
