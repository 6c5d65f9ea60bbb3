import { isA } from '../built-ins.js'
import { describe } from '../text/describe.js'

/** An error as plain data, for a place that gets no objects of this thread. */
export interface PlainError {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly stack?: string
}

/** The classes of errors that every thread has. */
const CLASSES = new Map(
  [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((one) => [one.name, one]),
)

/** Returns the parts of an error; any other value that was thrown as its description. */
export function plainError(error: unknown): PlainError {
  if (!isA('Error', error)) return { name: 'Error', message: describe(error) }
  const { name, message, stack } = error
  const { code } = error as { code?: unknown }
  return {
    name,
    message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(stack === undefined ? {} : { stack }),
  }
}

/** Returns an error of these parts. It is of a class of its own name where every thread has that. */
export function errorOf({ name, message, code, stack }: PlainError): Error {
  const error = new (CLASSES.get(name) ?? Error)(message)
  if (error.name !== name) error.name = name
  if (stack !== undefined) error.stack = stack
  return code === undefined ? error : Object.assign(error, { code })
}
