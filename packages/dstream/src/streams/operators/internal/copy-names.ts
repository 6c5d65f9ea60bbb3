interface NamedCopy {
  readonly name: string
  /** The version of the table to which the copy belongs. */
  readonly version: number
}

/**
 * The names of the copies that workers keep of the partitions of a table. A worker makes a name for each update that it does, so that
 * two updates of one batch, of which one counts, are never taken for each other. A partition that was updated in any other way has no
 * copy.
 */
export class CopyNames {
  readonly #known = new Map<number, NamedCopy>()
  /** Those of the open version, which count once it is committed. */
  readonly #open = new Map<number, NamedCopy>()
  #version: number | undefined

  /** Begins an attempt at the next version of a table. @param version the last one that is committed */
  begin(version: number | undefined): void {
    for (const [partition, copy] of this.#open) if (copy.version === version) this.#known.set(partition, copy)
    this.#open.clear()
    this.#version = version
  }

  /** Returns the name of the copy that belongs to the last committed version. */
  of(partition: number): string | undefined {
    const known = this.#known.get(partition)
    return known !== undefined && known.version === this.#version ? known.name : undefined
  }

  /** Notes the copy that a worker has of the open version. */
  set(partition: number, name: string, version: number): void {
    this.#open.set(partition, { name, version })
  }

  /** Notes that the open version does not change a partition. */
  keep(partition: number, version: number): void {
    const name = this.of(partition)
    if (name !== undefined) this.set(partition, name, version)
  }
}
