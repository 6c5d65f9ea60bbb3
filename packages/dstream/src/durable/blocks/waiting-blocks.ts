import type { Block } from './block.js'

/**
 * The waiting blocks of one stream in order of arrival, as a value: a change makes another list. Lists that grow from each other
 * share one array, of which each has the beginning.
 */
export class WaitingBlocks {
  readonly size: number
  readonly #blocks: Block[]
  /** Block id → its index in the array. */
  readonly #indexes: Map<string, number>

  constructor(blocks: Block[] = [], indexes = indexesOf(blocks), size = blocks.length) {
    this.#blocks = blocks
    this.#indexes = indexes
    this.size = size
  }

  get(id: string): Block | undefined {
    const index = this.#indexes.get(id)
    return index !== undefined && index < this.size ? this.#blocks[index] : undefined
  }

  has(id: string): boolean {
    return this.get(id) !== undefined
  }

  with(block: Block): WaitingBlocks {
    if (this.#blocks.length > this.size) return new WaitingBlocks([...this.values(), block])
    this.#indexes.set(block.id, this.#blocks.push(block) - 1)
    return new WaitingBlocks(this.#blocks, this.#indexes)
  }

  without(ids: readonly string[]): WaitingBlocks {
    const gone = new Set(ids)
    return new WaitingBlocks([...this.values()].filter(({ id }) => !gone.has(id)))
  }

  *keys(): Generator<string> {
    for (const { id } of this.values()) yield id
  }

  *values(): Generator<Block> {
    for (let i = 0; i < this.size; i++) yield this.#blocks[i]!
  }
}

function indexesOf(blocks: readonly Block[]): Map<string, number> {
  return new Map(blocks.map(({ id }, i) => [id, i]))
}
