const brand = Symbol.for('dstream.error')

/** The class of every error that dstream raises. `code` is stable; the message says what is wrong and what to do. */
export class DStreamError extends Error {
  readonly code: string

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'DStreamError'
    this.code = code
    Object.defineProperty(this, brand, { value: true })
  }

  /** Tests for a brand, not for the class: a program can load the ESM and the CJS build of this library at once. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== DStreamError) return Function.prototype[Symbol.hasInstance].call(this, value)
    return typeof value === 'object' && value !== null && brand in value
  }
}
