import type { BatchGrid, BatchTimes } from '../../base/time/batch-times.js'
import type { Graph } from './graph.js'
import type { Operator } from './operator.js'

/** The batch times at which each operator has an RDD, in this run and in earlier ones. */
export class OperatorTimes {
  readonly #graph: Graph
  readonly #times: BatchTimes
  /** The slides of the operators on the grids of earlier runs. */
  readonly #slides = new Map<BatchGrid, Map<Operator, number | undefined>>()

  constructor(graph: Graph, times: BatchTimes) {
    this.#graph = graph
    this.#times = times
  }

  /** Returns the times in (afterMs, untilMs] at which an operator has an RDD, oldest first. */
  within(operator: Operator, afterMs: number, untilMs: number): number[] {
    return this.#times.within(afterMs, untilMs, (grid) => this.#slideIn(operator, grid))
  }

  /** Returns the last time before `time` at which an operator has an RDD. */
  lastBefore(operator: Operator, time: number): number | undefined {
    return this.#times.lastBefore(time, (grid) => this.#slideIn(operator, grid))
  }

  /** Returns the slide that an operator has on a grid; `undefined` when it has no RDDs there. */
  #slideIn(operator: Operator, grid: BatchGrid): number | undefined {
    if (grid.untilMs === Infinity) return operator.slideMs
    let slides = this.#slides.get(grid)
    if (slides === undefined) this.#slides.set(grid, (slides = new Map()))
    if (!slides.has(operator)) slides.set(operator, this.#earlierSlide(operator, grid))
    return slides.get(operator)
  }

  #earlierSlide(operator: Operator, grid: BatchGrid): number | undefined {
    const [parent] = operator.parents
    if (parent === undefined) return grid.batchMs
    const ofParent = this.#slideIn(parent, grid)
    if (!('slideMs' in operator.params) || ofParent === undefined) return ofParent
    const known = grid.slides.get(this.#graph.node(operator).id)
    if (known !== undefined || operator.slideMs === parent.slideMs) return known ?? ofParent
    return operator.slideMs % ofParent === 0 ? operator.slideMs : undefined
  }
}
