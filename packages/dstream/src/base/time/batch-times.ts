/**
 * The batch times of one interval, in milliseconds: those in (afterMs, untilMs] that lie a whole number of intervals after
 * `zeroMs`. A job begins a new grid when it is started with another interval or slide, or when it leaves batches out.
 */
export interface BatchGrid {
  readonly afterMs: number
  /** `Infinity` for the grid of the program that runs. */
  readonly untilMs: number
  readonly zeroMs: number
  readonly batchMs: number
  /** The slides of the operators by their ids, in milliseconds; empty where they are not known. */
  readonly slides: ReadonlyMap<string, number>
}

/** Returns the grid of a job that begins: its first batch ends one interval after `zeroMs`. */
export function firstGrid(zeroMs: number, batchMs: number): BatchGrid {
  return { afterMs: zeroMs, untilMs: Infinity, zeroMs, batchMs, slides: new Map() }
}

/**
 * The times of all batches of a job, those of earlier runs included. An earlier run may have had another interval, and
 * batches may be left out between two runs.
 *
 * @example
 * const slides = new Map<string, number>()
 * const times = new BatchTimes([
 *   { afterMs: 0, untilMs: 300, zeroMs: 0, batchMs: 100, slides },
 *   { afterMs: 300, untilMs: Infinity, zeroMs: 0, batchMs: 250, slides },
 * ])
 * times.next(200) // 300
 * times.next(300) // 500
 */
export class BatchTimes {
  #grids: readonly BatchGrid[]

  /** @param grids oldest first; they do not overlap */
  constructor(grids: readonly BatchGrid[]) {
    this.#grids = grids
  }

  /** The grids, oldest first. */
  get grids(): readonly BatchGrid[] {
    return this.#grids
  }

  /** Returns the grid that a time belongs to, whether or not a batch has that time. */
  gridAt(time: number): BatchGrid | undefined {
    return this.#grids.findLast(({ afterMs, untilMs }) => afterMs < time && time <= untilMs)
  }

  /** Returns the first batch time after `time`. */
  next(time: number): number {
    for (const grid of this.#grids) {
      if (grid.untilMs <= time) continue
      const next = multipleAfter(grid, grid.batchMs, Math.max(time, grid.afterMs))
      if (next <= grid.untilMs) return next
    }
    return Infinity
  }

  /**
   * Returns the times in (afterMs, untilMs] of an RDD with a slide, oldest first.
   *
   * @param slideIn returns the slide on a grid; `undefined` where there are no RDDs
   */
  within(afterMs: number, untilMs: number, slideIn: (grid: BatchGrid) => number | undefined): number[] {
    const times: number[] = []
    for (const grid of this.#grids) {
      if (grid.untilMs <= afterMs || grid.afterMs >= untilMs) continue
      const slideMs = slideIn(grid)
      if (slideMs === undefined) continue
      const lastMs = Math.min(untilMs, grid.untilMs)
      const firstMs = multipleAfter(grid, slideMs, Math.max(afterMs, grid.afterMs))
      for (let time = firstMs; time <= lastMs; time += slideMs) times.push(time)
    }
    return times
  }

  /** Returns the last of those times before `time`; `undefined` before the first. */
  lastBefore(time: number, slideIn: (grid: BatchGrid) => number | undefined): number | undefined {
    for (const grid of [...this.#grids].reverse()) {
      const slideMs = slideIn(grid)
      if (slideMs === undefined) continue
      const untilMs = Math.min(grid.untilMs, time - 1)
      const last = multipleAfter(grid, slideMs, untilMs) - slideMs
      if (last > grid.afterMs && last > grid.zeroMs && last <= untilMs) return last
    }
    return undefined
  }

  /** Leaves out the batch times in (afterMs, untilMs], none of which may have begun. */
  skip(afterMs: number, untilMs: number): void {
    const last = this.#grids.at(-1)!
    const done = afterMs > last.afterMs ? [{ ...last, untilMs: afterMs }] : []
    this.#grids = [...this.#grids.slice(0, -1), ...done, { ...last, afterMs: Math.max(last.afterMs, untilMs) }]
  }
}

/** Returns the first multiple of `stepMs`, counted from the grid's zero, after `time` and after the zero. */
function multipleAfter({ zeroMs }: BatchGrid, stepMs: number, time: number): number {
  return zeroMs + (Math.floor((Math.max(time, zeroMs) - zeroMs) / stepMs) + 1) * stepMs
}
