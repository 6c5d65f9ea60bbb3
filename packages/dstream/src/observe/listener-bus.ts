import { EventEmitter } from 'eventemitter3'
import { badOption, unknownEvent } from '../base/errors/options.js'
import { aFunction, nearest } from '../base/options.js'
import { isThenable } from '../base/promises.js'
import type { Logger } from '../base/ports.js'
import type { StreamingEvents, StreamingListener } from './events.js'

type EventName = keyof StreamingEvents
type EventHandler = (event: never) => void

const EVENTS: Readonly<Record<EventName, true>> = {
  streamingStarted: true,
  clockBehind: true,
  receiverStarted: true,
  receiverError: true,
  receiverStopped: true,
  batchSubmitted: true,
  batchStarted: true,
  batchCompleted: true,
  outputOperationStarted: true,
  outputOperationCompleted: true,
}

function checkEvent(where: string, event: unknown): void {
  if (typeof event === 'string' && Object.hasOwn(EVENTS, event)) return
  const known = Object.keys(EVENTS)
  throw unknownEvent(where, event, typeof event === 'string' ? nearest(event, known) : undefined, known)
}

function methodOf(event: EventName): keyof StreamingListener {
  return `on${event[0]!.toUpperCase()}${event.slice(1)}` as keyof StreamingListener
}

/**
 * Calls the handlers and listeners of an event, each group in order of registration. An exception in one, or a rejection
 * of its promise, is logged and does not reach the others or the batch. Listeners are not awaited.
 */
export class ListenerBus {
  readonly #emitter = new EventEmitter()
  readonly #handlers = new Map<EventName, Map<unknown, EventHandler>>()
  readonly #logger: Logger
  #listeners: StreamingListener[] = []
  #closed = false

  constructor(logger: Logger) {
    this.#logger = logger
  }

  addListener(listener: StreamingListener): void {
    if (typeof listener !== 'object' || (listener as unknown) === null) {
      throw badOption('addStreamingListener', 'listener', 'an object with methods such as onBatchCompleted', listener)
    }
    this.#listeners = [...this.#listeners, listener]
  }

  removeListener(listener: StreamingListener): void {
    this.#listeners = this.#listeners.filter((other) => other !== listener)
  }

  on<E extends EventName>(event: E, f: (e: StreamingEvents[E]) => void): void {
    checkEvent('on', event)
    aFunction('on', 'f', f)
    const handlers = this.#handlers.get(event) ?? new Map<unknown, EventHandler>()
    if (handlers.has(f)) return
    const guarded = (e: StreamingEvents[E]): void => this.#guard(event, () => f(e))
    handlers.set(f, guarded as EventHandler)
    this.#handlers.set(event, handlers)
    this.#emitter.on(event, guarded)
  }

  off<E extends EventName>(event: E, f: (e: StreamingEvents[E]) => void): void {
    checkEvent('off', event)
    const guarded = this.#handlers.get(event)?.get(f)
    if (guarded === undefined) return
    this.#handlers.get(event)!.delete(f)
    this.#emitter.off(event, guarded as (...args: unknown[]) => void)
  }

  /** Ends the bus: later events reach no listener. */
  close(): void {
    this.#closed = true
  }

  /** Whether anyone gets an event. One that nobody gets need not be made. */
  isHeard(event: EventName): boolean {
    return !this.#closed && (this.#listeners.length > 0 || this.#emitter.listenerCount(event) > 0)
  }

  emit<E extends EventName>(event: E, data: StreamingEvents[E]): void {
    if (this.#closed) return
    this.#emitter.emit(event, data)
    const method = methodOf(event)
    for (const listener of this.#listeners) {
      this.#guard(event, () => (listener[method] as ((e: unknown) => void) | undefined)?.call(listener, data))
    }
  }

  #guard(event: EventName, call: () => unknown): void {
    const failed = (error: unknown): void =>
      this.#logger.error(
        { event, err: error },
        `A listener of "${event}" threw; the other listeners still got the event`,
      )
    try {
      const result = call()
      if (isThenable(result)) Promise.resolve(result).catch(failed)
    } catch (error) {
      failed(error)
    }
  }
}
