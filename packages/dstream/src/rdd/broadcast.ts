import { broadcastDestroyed } from '../base/errors/rdd.js'

let lastId = -1

/** A value that functions on records read. In one process it is shared as it is: do not change it. */
export interface Broadcast<T> {
  readonly id: number
  /** @throws `broadcast-destroyed` */
  readonly value: T
  /** Does nothing in one process. */
  unpersist(): void
  /** Lets go of the value; asking for it is an error from now on. */
  destroy(): void
}

export function broadcast<T>(value: T): Broadcast<T> {
  const id = ++lastId
  let held: { readonly value: T } | undefined = { value }
  const read = (): T => {
    if (held === undefined) throw broadcastDestroyed(id)
    return held.value
  }
  return {
    id,
    get value() {
      return read()
    },
    unpersist: () => void read(),
    destroy() {
      held = undefined
    },
  }
}
