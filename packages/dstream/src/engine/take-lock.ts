import { stoppedBeforeStart } from '../base/errors/context.js'
import { DStreamError } from '../base/errors/base.js'
import type { Logger, Storage } from '../base/ports.js'

/** How often a context that waits for a lock asks for it, and how often it says so, in milliseconds. */
const ASK_MS = 500
const SAY_MS = 60_000

/** How a context takes the lock of its storage. */
export interface LockOptions {
  readonly appName: string
  readonly logger: Logger
  /** Resolves after so many milliseconds of the context's clock. */
  readonly pause: (ms: number) => Promise<void>
  readonly onLocked: 'refuse' | 'wait'
  /** Returns whether the context has been stopped; then it waits no longer. */
  readonly isStopped: () => boolean
}

/**
 * Takes the lock of a storage. With `onLocked: 'wait'` it waits until the owner has given it back or is dead, so that the
 * next version of a job can be started before the former one ends.
 *
 * @throws `storage-locked` with `onLocked: 'refuse'`, `stopped-before-start`
 */
export async function takeLock(
  storage: Storage,
  { appName, logger, pause, onLocked, isStopped }: LockOptions,
): Promise<() => Promise<void>> {
  for (let waitedMs = 0; ; waitedMs += ASK_MS) {
    const say = waitedMs % SAY_MS === 0
    try {
      return await storage.lock(say ? (line) => logger.info({}, line) : undefined)
    } catch (error) {
      if (onLocked === 'refuse' || !isLocked(error)) throw error
      if (say) logger.info({}, `${appName} waits until it has the lock: ${error.message}`)
    }
    await pause(ASK_MS)
    if (isStopped()) throw stoppedBeforeStart(appName)
  }
}

/** Whether a storage is refused because another owner has it. */
export function isLocked(error: unknown): error is DStreamError {
  return error instanceof DStreamError && error.code === 'storage-locked'
}
