import { broadcastDestroyed } from '../base/errors/rdd.js'
import type { Broadcasts } from './plan/broadcasts.js'

let lastId = -1

/** A value for functions on records to read. It is shared, not copied, since all run in one process: do not change it. */
export interface Broadcast<T> {
  readonly id: number
  /** @throws `broadcast-destroyed` */
  readonly value: T
  /** Does nothing in one process. */
  unpersist(): void
  /** Drops the value. Reading it afterwards throws `broadcast-destroyed`. */
  destroy(): void
}

export function broadcast<T>(value: T, all?: Broadcasts): Broadcast<T> {
  const id = ++lastId
  let current: { readonly value: T } | undefined = { value }
  const read = (): T => {
    if (current === undefined) throw broadcastDestroyed(id)
    return current.value
  }
  const index = all?.register(read)
  return {
    id,
    get value() {
      all?.check(index)
      return read()
    },
    unpersist: () => void read(),
    destroy() {
      current = undefined
    },
  }
}
