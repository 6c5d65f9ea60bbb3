import { badOption } from '../../base/errors/options.js'
import { Receiver } from '../receive/receiver.js'
import type { InputSource, SourceHome } from './input-source.js'
import { receiverInput } from './receiver-input.js'

/**
 * A Node stream: its objects, or the chunks of its bytes. As `fromAsyncIterable`, but a stream that has failed cannot be
 * read again: that is reported, and the end.
 */
export function readable<T>(home: SourceHome, source: AsyncIterable<T>): InputSource<T> {
  if (!isIterable(source)) throw badOption('fromReadable', 'source', 'a readable stream', source)
  return receiverInput(home, new ReadableReceiver(source), { kind: 'fromReadable', label: 'Readable' })
}

/**
 * The records of an async iterable, taken as fast as batches consume them: `next` is not called while the buffer is full.
 * When it ends the stream goes on with empty batches. When it throws, that is reported and it is iterated anew after the
 * back-off; a generator, which cannot be, then counts as ended.
 *
 * Guarantees: each record that was taken is in one batch; a new process begins with whatever the iterable gives it.
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
      // What arrives after the end of this life belongs to nobody any more.
      if (signal.aborted || done === true) return
      if (!this.store(value)) await this.ready()
      if (signal.aborted) return
    }
  }

  /** Lets a generator run its `finally`. It may be waiting for something that never comes, so this does not wait for it. */
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
