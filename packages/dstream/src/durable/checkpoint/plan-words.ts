import type { MatchPlan } from './match.js'

/** The operators of a plan by what becomes of them, under the words that `dstream checkpoint plan` prints. */
export interface PlanWords {
  readonly kept: readonly string[]
  readonly migrated: readonly string[]
  readonly new: readonly string[]
  readonly dropped: readonly string[]
}

/** Returns the ids of the operators by what becomes of them: each is under one word. */
export function planWords({ kept, migrated, fresh, dropped }: MatchPlan): PlanWords {
  return { kept: kept.filter((id) => !migrated.includes(id)), migrated, new: fresh, dropped }
}
