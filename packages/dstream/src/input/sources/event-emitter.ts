import { badOption } from '../../base/errors/options.js'
import { aString } from '../../base/options.js'
import { Receiver } from '../receive/receiver.js'
import type { InputSource, SourceHome } from './input-source.js'
import { receiverInput } from './receiver-input.js'

/** An event emitter with the methods of Node's. */
export interface Emitter<T> {
  on(event: string, f: (value: T) => void): unknown
  off(event: string, f: (value: T) => void): unknown
}

/**
 * The values of one event of an emitter.
 *
 * Guarantees: each stored value is in one batch. An emitter cannot be asked to wait: up to twice `maxBufferedRecords`
 * values wait for a batch. Beyond that the source restarts, which is reported, and values emitted meanwhile are lost.
 */
export function eventEmitter<T>(home: SourceHome, emitter: Emitter<T>, event: string): InputSource<T> {
  const given = emitter as Emitter<T> | null | undefined
  const able = typeof given?.on === 'function' && typeof given.off === 'function'
  if (!able) throw badOption('fromEventEmitter', 'emitter', 'an object with `on` and `off`', emitter)
  aString('fromEventEmitter', 'event', event)
  return receiverInput(home, new EmitterReceiver(emitter, event), {
    kind: 'fromEventEmitter',
    params: { event },
    label: 'Emitter',
  })
}

class EmitterReceiver<T> extends Receiver<T> {
  readonly #emitter: Emitter<T>
  readonly #event: string
  #listener: ((value: T) => void) | undefined

  constructor(emitter: Emitter<T>, event: string) {
    super()
    this.#emitter = emitter
    this.#event = event
  }

  override onStart(signal: AbortSignal): void {
    this.#listener = (value) => {
      if (signal.aborted) return
      try {
        this.store(value)
      } catch {
        // The supervisor has reported it and restarts this receiver. An exception would end up in the code that emits.
      }
    }
    this.#emitter.on(this.#event, this.#listener)
  }

  override onStop(): void {
    if (this.#listener !== undefined) this.#emitter.off(this.#event, this.#listener)
  }
}
