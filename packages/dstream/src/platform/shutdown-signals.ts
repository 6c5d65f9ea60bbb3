/**
 * Calls `stop` at the first SIGINT or SIGTERM. A second one ends the process at once, with the exit code of a shell.
 * Returns a function that removes the handlers.
 */
export function onShutdownSignals(stop: (signal: string) => void): () => void {
  let asked = false
  const handle = (signal: 'SIGINT' | 'SIGTERM'): void => {
    if (asked) process.exit(signal === 'SIGINT' ? 130 : 143)
    asked = true
    stop(signal)
  }
  const onInt = (): void => handle('SIGINT')
  const onTerm = (): void => handle('SIGTERM')
  process.on('SIGINT', onInt)
  process.on('SIGTERM', onTerm)
  return () => {
    process.off('SIGINT', onInt)
    process.off('SIGTERM', onTerm)
  }
}
