/** A file that a stream of files has not read, and why. */
export interface PassedOverFile {
  readonly path: string
  readonly reason: string
}

/** The most files that are named; the others only count. */
const NAMED = 100

/** The files that the last listing has found and no batch has read. */
export class PassedOver {
  readonly #named: PassedOverFile[] = []
  #count = 0

  add(path: string, reason: string): void {
    if (this.#count++ < NAMED) this.#named.push({ path, reason })
  }

  get named(): readonly PassedOverFile[] {
    return this.#named
  }

  get count(): number {
    return this.#count
  }
}
