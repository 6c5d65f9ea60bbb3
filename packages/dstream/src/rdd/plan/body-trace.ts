import type { AnyFunction } from './records.js'

/** What a function of the user has built of RDDs, in order. Two runs that have built the same have equal traces. */
export interface BodyTrace {
  /** The RDDs that it has made, and what it has asked of them, as text. */
  readonly entries: readonly string[]
  /** The functions that it has given to steps and shuffles; a place here is a slot. */
  readonly functions: readonly AnyFunction[]
}

interface Recording extends BodyTrace {
  readonly entries: string[]
  readonly functions: AnyFunction[]
}

/** The trace of the function that runs now; `undefined` while none does. */
let recording: Recording | undefined

/** Calls a function, and records what it builds until it returns. What it does behind an `await` is not seen. */
export function traced<R>(body: () => R): { readonly result: R; readonly trace: BodyTrace } {
  const outer = recording
  const own: Recording = (recording = { entries: [], functions: [] })
  try {
    return { result: body(), trace: own }
  } finally {
    recording = outer
  }
}

/** Whether a function is recorded: most RDDs are made outside of one, and note nothing. */
export function isTraced(): boolean {
  return recording !== undefined
}

/** Notes an RDD that was made, or a fact that was asked for. */
export function noteBuilt(entry: () => string): void {
  recording?.entries.push(entry())
}

/** Notes the functions of a step or a shuffle. */
export function noteFunctions(...functions: readonly (AnyFunction | undefined)[]): void {
  if (recording === undefined) return
  for (const f of functions) if (f !== undefined) recording.functions.push(f)
}
