/** The name under which a call of user code stands in a stack trace. It is a property name, which no minifier changes. */
const MARK = 'dstream:user-code'

let last = 0

/**
 * Runs the user code that one context awaits, and knows whether a call comes from it: code that waited there for the end of
 * the context would wait for itself.
 */
export class UserCode {
  readonly #mark = `${MARK} ${++last};`
  readonly #marked: { [mark: string]: <R>(f: () => Promise<R>) => Promise<R> }

  constructor() {
    this.#marked = {
      async [this.#mark]<R>(f: () => Promise<R>): Promise<R> {
        return await f()
      },
    }
  }

  run<R>(f: () => Promise<R>): Promise<R> {
    return this.#marked[this.#mark]!(f)
  }

  /**
   * Returns whether the caller is called from this code. Reads the stack, async frames included: an AsyncLocalStorage would
   * make every promise of the process slower.
   */
  isCaller(): boolean {
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = Infinity
    const { stack } = new Error()
    Error.stackTraceLimit = stackTraceLimit
    return stack?.includes(this.#mark) === true
  }
}
