import type { Attempt } from '../../streams/graph/output.js'

/** One attempt of an output. Its signal is made when it is first asked for: most outputs never look at it. */
export class OutputAttempt implements Attempt {
  readonly number: number
  readonly replayed: boolean
  traceparent: string | undefined
  #controller: AbortController | undefined

  constructor(number: number, replayed: boolean) {
    this.number = number
    this.replayed = replayed
  }

  get signal(): AbortSignal {
    return (this.#controller ??= new AbortController()).signal
  }

  abort(reason: unknown): void {
    this.#controller ??= new AbortController()
    this.#controller.abort(reason)
  }
}
