/** One run of a chain of steps over one input into a sink. */
export interface Pass {
  /** Processes about `budget` records. Returns the rest of the budget at the end of the input, 0 when there may be more. */
  advance(budget: number): number
}
