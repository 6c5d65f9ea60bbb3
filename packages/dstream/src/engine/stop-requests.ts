/**
 * Calls `stop` when `signal` aborts, at once when it has, or when `onSignals` reports a signal of the process.
 * Returns a function that removes the handlers.
 */
export function onStopRequest(
  signal: AbortSignal | undefined,
  onSignals: ((stop: () => void) => () => void) | undefined,
  stop: () => void,
): () => void {
  const removeSignals = onSignals?.(stop)
  if (signal?.aborted === true) stop()
  signal?.addEventListener('abort', stop, { once: true })
  return () => {
    removeSignals?.()
    signal?.removeEventListener('abort', stop)
  }
}
