import { noData } from './errors.js'

/** Aborts a signal when nothing has come for too long: the other end of a half-open connection never says that it is gone. */
export class IdleTimer {
  readonly #where: string
  readonly #url: string
  readonly #ms: number | undefined
  readonly #controller = new AbortController()
  #timer: NodeJS.Timeout | undefined

  constructor(where: string, url: string, ms: number | undefined) {
    this.#where = where
    this.#url = url
    this.#ms = ms
    this.touch()
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Notes that something has come. */
  touch(): void {
    const ms = this.#ms
    if (ms === undefined) return
    this.pause()
    this.#timer = setTimeout(() => this.#controller.abort(noData(this.#where, this.#url, ms)), ms)
  }

  /** Stops the time while this side reads nothing. */
  pause(): void {
    clearTimeout(this.#timer)
  }
}
