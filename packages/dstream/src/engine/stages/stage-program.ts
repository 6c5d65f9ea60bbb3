import type { Logger } from '../../base/ports.js'
import type { Accumulators } from '../../rdd/plan/accumulators.js'
import type { Broadcasts } from '../../rdd/plan/broadcasts.js'
import type { AnyFunction } from '../../rdd/plan/lineage.js'

/** What else than its graph a program has, where it is known. */
export interface StageProgram {
  /** The accumulators that tasks add to. */
  readonly accumulators?: Accumulators | undefined
  /** The broadcasts that tasks read. */
  readonly broadcasts?: Broadcasts | undefined
  /** The function that has built the graph. */
  readonly definition?: AnyFunction | undefined
  readonly logger?: Logger | undefined
}
