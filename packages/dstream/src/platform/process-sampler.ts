/** Measures the heap and the event loop of this process. */
export interface ProcessSampler {
  /** Returns the heap in use, and the longest delay of the event loop since the call before, in milliseconds. */
  sample(): { readonly heapBytes: number; readonly loopDelayMs: number }
  stop(): void
}

/** The interval of the measuring timer; any lateness beyond it is delay. */
const RESOLUTION_MS = 20

/** Returns the milliseconds since the start of the process, by a clock that is never set. */
export function steadyNow(): number {
  return performance.now()
}

export function processSampler(): ProcessSampler {
  const { monitorEventLoopDelay } = process.getBuiltinModule('node:perf_hooks')
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  histogram.enable()
  return {
    sample: () => {
      const loopDelayMs = Math.max(0, Math.round(histogram.max / 1e6 - RESOLUTION_MS))
      histogram.reset()
      return { heapBytes: process.memoryUsage().heapUsed, loopDelayMs }
    },
    stop: () => histogram.disable(),
  }
}
