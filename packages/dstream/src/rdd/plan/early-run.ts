import { ranEarly } from '../../base/errors/rdd.js'

/** A piece of work that is done before its batch has begun, and can be given up. */
export interface EarlyRun {
  /** Set when the work must not count: its batch then does it as if it had never been tried. */
  isRefused: boolean
}

let underWay: EarlyRun | undefined

/** Calls a function as a part of an early run, within which {@link refuseEarly} throws. */
export function runEarly<T>(run: EarlyRun, call: () => T): T {
  const outer = underWay
  underWay = run
  try {
    return call()
  } finally {
    underWay = outer
  }
}

/**
 * Returns at the time of a batch, and throws in an early run. Whatever leaves a trace calls it first. The run is refused
 * even where the user's function catches the error.
 */
export function refuseEarly(what: string): void {
  if (underWay === undefined) return
  underWay.isRefused = true
  throw ranEarly(what)
}
