import type { ObjectStore } from '../../base/ports.js'
import { neverSettles } from './never-settles.js'

/** A call of the simulated object store, as given to `fault`. */
export interface ObjectCall {
  /** The number of the call, from 0, over all runs. */
  readonly index: number
  readonly op: 'create' | 'read' | 'list' | 'delete'
  readonly object: string
}

/**
 * The fault of a call: it fails, without or with its effect, or it never returns, nor does any later one of that run. A promise lets
 * the call begin later.
 */
export type ObjectFault = 'fails' | 'fails after its effect' | 'crashes' | 'crashes after its effect' | Promise<void>

/** The objects that the runs of a program share. */
export class ObjectShelf {
  readonly objects = new Map<string, Uint8Array>()
  calls = 0
}

/** An object store in memory, as one run of a program sees it. */
export class MemoryObjects implements ObjectStore {
  readonly name = 'the objects in memory'
  readonly crashed: Promise<void>
  #crash!: () => void
  #isCrashed = false

  constructor(
    readonly shelf: ObjectShelf = new ObjectShelf(),
    readonly fault: (call: ObjectCall) => ObjectFault | undefined = () => undefined,
  ) {
    this.crashed = new Promise((resolve) => (this.#crash = resolve))
  }

  create(object: string, bytes: Uint8Array): Promise<boolean> {
    return this.#call('create', object, () => {
      if (this.shelf.objects.has(object)) return false
      this.shelf.objects.set(object, bytes.slice())
      return true
    })
  }

  read(object: string): Promise<Uint8Array | undefined> {
    return this.#call('read', object, () => this.shelf.objects.get(object)?.slice())
  }

  list(folder: string): Promise<string[]> {
    return this.#call('list', folder, () =>
      [...this.shelf.objects.keys()]
        .filter((object) => object.startsWith(`${folder}/`))
        .map((object) => object.slice(folder.length + 1)),
    )
  }

  delete(object: string): Promise<void> {
    return this.#call('delete', object, () => void this.shelf.objects.delete(object))
  }

  async #call<T>(op: ObjectCall['op'], object: string, effect: () => T): Promise<T> {
    if (this.#isCrashed) return neverSettles()
    const fault = this.fault({ index: this.shelf.calls++, op, object })
    await fault
    if (this.#isCrashed) return neverSettles()
    if (typeof fault !== 'string') return effect()
    if (fault.endsWith('effect')) effect()
    if (fault.startsWith('fails')) throw new Error(`simulated: ${op} of ${object}`)
    this.#isCrashed = true
    this.#crash()
    return neverSettles()
  }
}
