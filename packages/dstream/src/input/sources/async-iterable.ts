import { badOption } from '../../base/errors/options.js'
import { Receiver } from '../receive/receiver.js'
import type { InputSource, SourceHome } from './input-source.js'
import { receiverInput } from './receiver-input.js'

/**
 * Reads a Node stream: its objects, or the chunks of its bytes. Works like `fromAsyncIterable`, except that a stream that
 * has failed cannot be read again: the failure is reported and ends the source.
 */
export function readable<T>(home: SourceHome, source: AsyncIterable<T>): InputSource<T> {
  if (!isIterable(source)) throw badOption('fromReadable', 'source', 'a readable stream', source)
  return receiverInput(home, new ReadableReceiver(source), { kind: 'fromReadable', label: 'Readable' })
}

/**
 * Reads the records of an async iterable as fast as batches consume them: `next` is not called while the buffer is full.
 * After its end the stream goes on with empty batches. An error is reported, and the iterable is iterated again after the
 * back-off; a generator cannot be iterated twice and counts as ended then.
 *
 * Guarantees: each record that was read is in one batch. A new process begins with the first record that the iterable
 * gives it.
 */
export function asyncIterable<T>(home: SourceHome, source: AsyncIterable<T>): InputSource<T> {
  if (!isIterable(source)) throw badOption('fromAsyncIterable', 'source', 'an async iterable', source)
  return receiverInput(home, new IterableReceiver(source), { kind: 'fromAsyncIterable', label: 'Iterable' })
}

function isIterable(source: unknown): boolean {
  return typeof source === 'object' && source !== null && Symbol.asyncIterator in source
}

class IterableReceiver<T> extends Receiver<T> {
  readonly #source: AsyncIterable<T>
  #iterator: AsyncIterator<T> | undefined

  constructor(source: AsyncIterable<T>) {
    super()
    this.#source = source
  }

  override async onStart(signal: AbortSignal): Promise<void> {
    const iterator = (this.#iterator = this.#source[Symbol.asyncIterator]())
    for (;;) {
      const { done, value } = await iterator.next()
      // The receiver was stopped or restarted meanwhile: this record is not stored any more.
      if (signal.aborted || done === true) return
      if (!this.store(value)) await this.ready()
      if (signal.aborted) return
    }
  }

  /** Runs the `finally` blocks of a generator, without waiting: the generator may itself wait for something that never comes. */
  override onStop(): void {
    Promise.resolve(this.#iterator?.return?.()).catch((error: unknown) =>
      this.reportError('Error ending the iterable', error),
    )
  }
}

class ReadableReceiver<T> extends IterableReceiver<T> {
  override async onStart(signal: AbortSignal): Promise<void> {
    try {
      await super.onStart(signal)
    } catch (error) {
      if (signal.aborted) return
      this.reportError('The stream has failed', error)
      this.stop('The stream has failed', error)
    }
  }
}
