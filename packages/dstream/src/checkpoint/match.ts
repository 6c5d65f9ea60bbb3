import { checkpointMismatch } from '../errors/storage.js'
import type { DStreamError } from '../errors/base.js'

/** What is compared of an operator with state: the stored one and the one of the program. */
export interface MatchedOperator {
  readonly id: string
  readonly derived: boolean
  readonly kind: string
  readonly fingerprint: string
}

export interface Match {
  /** Ids whose state goes on. */
  readonly kept: readonly string[]
  /** Ids of the program that begin with nothing. */
  readonly added: readonly string[]
  /** Ids of the checkpoint whose state is let go, as it was allowed. */
  readonly dropped: readonly string[]
  /** Ids of the checkpoint that fit nothing, and why. */
  readonly refused: readonly { readonly id: string; readonly why: string }[]
}

/**
 * Whose state is whose. An id that the user gave holds whatever changes around it. A derived id holds only while the
 * ancestry is the same and no other unnamed operator could be meant: never is an operator given the state of another.
 */
export const match = (
  stored: readonly MatchedOperator[],
  current: readonly MatchedOperator[],
  allowDropped: readonly string[],
): Match => {
  const kept: string[] = []
  const dropped: string[] = []
  const refused: { id: string; why: string }[] = []
  for (const old of stored) {
    const why = unfit(old, stored, current)
    if (why === undefined) kept.push(old.id)
    else if (allowDropped.includes(old.id)) dropped.push(old.id)
    else refused.push({ id: old.id, why })
  }
  return { kept, dropped, refused, added: current.map(({ id }) => id).filter((id) => !kept.includes(id)) }
}

const unfit = (
  old: MatchedOperator,
  stored: readonly MatchedOperator[],
  current: readonly MatchedOperator[],
): string | undefined => {
  const now = current.find(({ id }) => id === old.id)
  if (now === undefined) return 'the program has no operator of this id'
  if (now.kind !== old.kind) return `it was a ${old.kind} and is a ${now.kind} now`
  if (!now.derived) return undefined
  if (!old.derived) return 'the id was given with uid() and is derived from the place now'
  if (now.fingerprint !== old.fingerprint)
    return 'what it descends from has changed, and the id is derived from its place'
  const alike = (operators: readonly MatchedOperator[]): number =>
    operators.filter(({ derived, fingerprint }) => derived && fingerprint === old.fingerprint).length
  if (alike(stored) !== alike(current)) {
    return `the checkpoint holds ${alike(stored)} operators like it and the program has ${alike(current)}: which is which cannot be told`
  }
  return undefined
}

const list = (what: string, ids: readonly string[]): string =>
  `  ${what}: ${ids.length === 0 ? 'nothing' : ids.join(', ')}`

/** The refusal of a start, with all that a user needs to decide. */
export const mismatch = (found: Match): DStreamError =>
  checkpointMismatch(
    [
      'The state in the checkpoint does not fit this program; nothing has been changed.',
      list('kept', found.kept),
      list('new', found.added),
      list('dropped', found.dropped),
      ...found.refused.map(({ id, why }) => `  without a place: ${id} (${why})`),
      `Give the operator its name in the program, .uid('${found.refused[0]?.id ?? '…'}'), so that it is known again; or let the state go: ` +
        `allowDroppedState: [${found.refused.map(({ id }) => `'${id}'`).join(', ')}]; or start afresh: onExistingCheckpoint: 'discard'.`,
    ].join('\n'),
  )
