import { clearTimeout, setTimeout } from 'node:timers'

/** The time after a line, in milliseconds, in which further lines of its kind are counted instead of written. */
const INTERVAL_MS = 1000
/** The most kinds at a time. All further ones share one second, since texts from outside may have any number of kinds. */
const MAX_KINDS = 1000

interface Kind {
  suppressed: number
  last: () => string
  timer: NodeJS.Timeout
}

/**
 * Writes one line a second of each kind and counts the others, so that a sender of broken records cannot fill a disk
 * with warnings. At the end of the second it writes the last suppressed line, with the count of those before it.
 */
export class LineThrottle {
  readonly #write: (line: string) => void
  readonly #kinds = new Map<string, Kind>()

  constructor(write: (line: string) => void) {
    this.#write = write
  }

  /**
   * @param kind lines of equal kind share the second
   * @param text is called for the lines that are written
   */
  line(kind: string, text: () => string): void {
    if (this.#kinds.size >= MAX_KINDS && !this.#kinds.has(kind)) kind = 'others'
    const known = this.#kinds.get(kind)
    if (known !== undefined) {
      known.suppressed++
      known.last = text
      return
    }
    this.#write(text())
    this.#kinds.set(kind, { suppressed: 0, last: text, timer: this.#timer(kind) })
  }

  /** Writes the counted lines at once, as at the end of the process. */
  flush(): void {
    for (const [kind, { timer }] of this.#kinds) {
      clearTimeout(timer)
      this.#end(kind)
    }
    this.#kinds.clear()
  }

  #timer(kind: string): NodeJS.Timeout {
    return setTimeout(() => {
      const known = this.#kinds.get(kind)!
      if (this.#end(kind)) this.#kinds.set(kind, { ...known, suppressed: 0, timer: this.#timer(kind) })
      else this.#kinds.delete(kind)
    }, INTERVAL_MS).unref()
  }

  /** Returns whether any line of the kind had been suppressed. */
  #end(kind: string): boolean {
    const { suppressed, last } = this.#kinds.get(kind)!
    if (suppressed === 0) return false
    this.#write(suppressed === 1 ? last() : `${last()} (and ${(suppressed - 1).toLocaleString('en')} more like it)`)
    return true
  }
}

/**
 * Returns the kind of a message: its text up to the first value or detail, without numbers. A quotation that begins it is
 * kept, because it names an operator or an output.
 */
export function kindOf(message: string): string {
  const subject = /^"[^"]*"/.exec(message)?.[0] ?? ''
  const text = message.slice(subject.length)
  const end = text.search(/: |["([{]/)
  return subject + (end <= 0 ? text : text.slice(0, end)).replace(/\d+/g, '#')
}
