/** The name under which a call of user code stands in a stack trace. It is a property name, which no minifier changes. */
const MARK = 'dstream:user-code'

let last = 0

/** A function on the stack: its name, and the place of its text, which tells it from all others. */
interface Caller {
  readonly name: string
  readonly place: string
}

/**
 * Returns the callers of `below`, the nearest first, callers that await included. Reads the stack: an AsyncLocalStorage would
 * make every promise of the process slower.
 */
function callersOf(below: (...args: never[]) => unknown, limit: number): Caller[] {
  const { prepareStackTrace, stackTraceLimit } = Error
  const holder: { stack?: unknown } = {}
  try {
    Error.stackTraceLimit = limit
    Error.prepareStackTrace = (_, sites) => sites.map(callerAt)
    Error.captureStackTrace(holder, below)
    return Array.isArray(holder.stack) ? (holder.stack as Caller[]) : []
  } finally {
    Error.stackTraceLimit = stackTraceLimit
    Error.prepareStackTrace = prepareStackTrace
  }
}

function callerAt(site: NodeJS.CallSite): Caller {
  const name = site.getFunctionName() ?? ''
  const script = site.getScriptNameOrSourceURL()
  return { name, place: `${script}:${site.getEnclosingLineNumber()}:${site.getEnclosingColumnNumber()}` }
}

/** A loop over batches, which is user code that the context awaits from one batch to the next. */
export class UserLoop {
  readonly #atBatch: Set<UserLoop>
  /** The place of the function that runs the loop. */
  place: string | undefined

  constructor(atBatch: Set<UserLoop>) {
    this.#atBatch = atBatch
  }

  /** Notes that the caller of `next` asks for a batch. */
  asks(next: (...args: never[]) => unknown): void {
    this.place = callersOf(next, 1)[0]?.place
    this.#atBatch.delete(this)
  }

  isGiven(): void {
    this.#atBatch.add(this)
  }

  ends(): void {
    this.#atBatch.delete(this)
  }
}

/**
 * Runs the user code that one context awaits, and knows whether a call comes from it: code that waited there for the end of
 * the context would wait for itself.
 */
export class UserCode {
  readonly #mark = `${MARK} ${++last}`
  readonly #marked: { [mark: string]: <R>(f: () => Promise<R>) => Promise<R> }
  readonly #loopsAtBatch = new Set<UserLoop>()

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

  loop(): UserLoop {
    return new UserLoop(this.#loopsAtBatch)
  }

  /** Returns whether the caller is called from this code: within an output, or in a loop that is at a batch. */
  isCaller(): boolean {
    const places = new Set([...this.#loopsAtBatch].map(({ place }) => place))
    return callersOf(this.isCaller, Infinity).some(({ name, place }) => name.endsWith(this.#mark) || places.has(place))
  }
}
