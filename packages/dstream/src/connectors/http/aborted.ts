/**
 * Resolves when a signal is aborted, at once if it has been. A receiver waits for it at the end of `onStart`, whose promise
 * would end the receiver for good if it resolved earlier.
 */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
