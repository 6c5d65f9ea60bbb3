import type { LeftTables } from '../../rdd/plan/stage-runner.js'
import type { TasksOver } from './task-queue.js'

/** The tables of a stage that stay with the cluster, until they are let go of: the tasks of another stage are given their blocks. */
export class LeftShuffle implements LeftTables {
  readonly pairs: LeftTables['pairs']
  readonly plan: LeftTables['plan']
  readonly merged: LeftTables['merged']
  readonly release: LeftTables['release']

  constructor(
    readonly over: TasksOver,
    { pairs, plan, merged, release }: LeftTables,
  ) {
    this.pairs = pairs
    this.plan = plan
    this.merged = merged
    this.release = release
  }
}
