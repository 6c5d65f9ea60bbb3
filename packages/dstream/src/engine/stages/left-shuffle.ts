import type { PairTable } from '../../rdd/plan/lineage.js'
import type { LeftTables, MergePlan } from '../../rdd/plan/stage-runner.js'
import type { TasksOver } from './task-queue.js'

interface LeftParts {
  readonly over: TasksOver
  readonly pairs: number
  readonly plan: MergePlan
  readonly merged: () => Promise<PairTable | readonly PairTable[]>
  readonly release: () => void
}

/** The tables of a stage that stay with the cluster, until they are let go of: the tasks of another stage are given their blocks. */
export class LeftShuffle implements LeftTables {
  readonly over: TasksOver
  readonly pairs: number
  readonly plan: MergePlan
  readonly #parts: LeftParts

  constructor(parts: LeftParts) {
    this.over = parts.over
    this.pairs = parts.pairs
    this.plan = parts.plan
    this.#parts = parts
  }

  merged(): Promise<PairTable | readonly PairTable[]> {
    return this.#parts.merged()
  }

  release(): void {
    this.#parts.release()
  }
}
