/**
 * Called with the name of each crash point that the program reaches. Production has none. A test simulates a crash there by
 * never returning, or a failed step by throwing.
 */
export type CrashHook = (name: string) => Promise<void> | void

const names: string[] = []

/** The names of all crash points, registered by the code that has them: the crash sweep includes a new one by itself. */
export const crashPoints: readonly string[] = names

/**
 * Registers a crash point; several places may have one of the same name. Call the returned function where the program reaches it.
 *
 * @example
 * const beforeAppend = crashPoint('commit:before-append')
 * // … in the code that takes the step
 * await beforeAppend(onCrashPoint)
 */
export function crashPoint(name: string): (onCrashPoint: CrashHook | undefined) => Promise<void> | void {
  if (!names.includes(name)) names.push(name)
  return (onCrashPoint) => onCrashPoint?.(name)
}
