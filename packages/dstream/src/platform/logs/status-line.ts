import type { Writable } from 'node:stream'

/** What a line of progress needs to know of standard error. */
type Terminal = Writable & { readonly isTTY?: boolean; readonly columns?: number }

/** Erases the line that the cursor stands in. */
const ERASE = '\r\x1b[K'

/** The one line of a terminal that is written again and again. Other lines erase it first, so that they do not run into it. */
export class StatusLine {
  readonly #out: () => Terminal
  #isShown = false

  constructor(out: () => Terminal) {
    this.#out = out
  }

  /** Whether there is a terminal to show a line on. */
  get hasTerminal(): boolean {
    return this.#out().isTTY === true && process.env['TERM'] !== 'dumb'
  }

  show(text: string): void {
    const out = this.#out()
    this.#isShown = true
    out.write(ERASE + text.slice(0, Math.max(20, (out.columns ?? 80) - 1)))
  }

  erase(): void {
    if (!this.#isShown) return
    this.#isShown = false
    this.#out().write(ERASE)
  }
}

/** That of standard error. */
export const statusLine = new StatusLine(() => process.stderr)
