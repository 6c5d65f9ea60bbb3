/**
 * Called at each named step with its name, by the code that takes the step. In production there is none; a test cuts the
 * life of the program there by never coming back, or makes the step fail by throwing.
 */
export type CrashHook = (name: string) => Promise<void> | void

const names: string[] = []

/** Every named step, listed by the code that takes it: a new step joins the crash sweep by itself. */
export const crashPoints: readonly string[] = names

/**
 * Names a step. What it returns is called where the step is taken.
 *
 * @example
 * const beforeAppend = crashPoint('commit:before-append')
 * // … in the code that takes the step
 * await beforeAppend(steps)
 */
export function crashPoint(name: string): (steps: CrashHook | undefined) => Promise<void> | void {
  names.push(name)
  return (steps) => steps?.(name)
}
