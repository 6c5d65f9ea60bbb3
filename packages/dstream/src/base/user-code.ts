/** The name under which a call of user code stands in a stack trace. It is a property name, which no minifier changes. */
const MARK = 'dstream:user-code'

const marked = {
  async [MARK]<R>(f: () => Promise<R>): Promise<R> {
    return await f()
  },
}

/** Runs user code that the engine awaits, in such a way that `isInsideUserCode` knows it. */
export function runUserCode<R>(f: () => Promise<R>): Promise<R> {
  return marked[MARK](f)
}

/**
 * Whether the caller is called from user code that the engine awaits. Reads the stack, async frames included: an
 * AsyncLocalStorage would make every promise of the process slower.
 */
export function isInsideUserCode(): boolean {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = Infinity
  const { stack } = new Error()
  Error.stackTraceLimit = stackTraceLimit
  return stack?.includes(MARK) === true
}
