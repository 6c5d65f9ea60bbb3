import { DStreamError } from '../../../base/errors/base.js'

const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 2000

/** Whether an error says that Kafka is away for a while. */
export function isAway(error: unknown): boolean {
  return error instanceof DStreamError && error.code === 'kafka-away'
}

export interface WhileAway {
  readonly signal?: AbortSignal | undefined
  /** The time for which it is tried again, in milliseconds; default without end. */
  readonly forMs?: number | undefined
  /** The pause after the first attempt, in milliseconds; each further one is twice as long. */
  readonly firstPauseMs?: number | undefined
  /** Returns whether another attempt follows an error; default {@link isAway}. */
  readonly isPassing?: ((error: unknown) => boolean) | undefined
  /** Receives the error of each attempt after which another one follows. */
  readonly failed?: ((error: unknown) => void) | undefined
}

/**
 * Runs `attempt`, and again while Kafka is away, with pauses that double up to two seconds.
 *
 * @throws the last error; the reason of the signal once it is aborted
 */
export async function whileAway<R>(attempt: () => Promise<R>, options: WhileAway = {}): Promise<R> {
  const { signal, forMs = Infinity, firstPauseMs = FIRST_PAUSE_MS, isPassing = isAway, failed } = options
  const begin = performance.now()
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    signal?.throwIfAborted()
    try {
      return await attempt()
    } catch (error) {
      if (!isPassing(error) || performance.now() - begin + pauseMs > forMs) throw error
      failed?.(error)
    }
    await pause(pauseMs, signal)
  }
}

/** Resolves after a time, or at once when the signal is aborted. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', done)
    if (signal?.aborted === true) done()
  })
}
