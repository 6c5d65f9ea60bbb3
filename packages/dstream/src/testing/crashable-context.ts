import { StreamingContext, type Storage, type StreamingContextOptions, type StreamingContextState } from 'dstream'
import { deactivate } from '../engine/active-contexts.js'
import { CrashableStorage } from './simulated-disk/crashable-storage.js'

export type CrashableInternals = NonNullable<ConstructorParameters<typeof StreamingContext>[1]>

/** A context that a test ends by a crash, with the storages of its checkpoint and its sinks. */
export class CrashableContext extends StreamingContext {
  readonly #storages: CrashableStorage[]
  #crashed = false
  /** Called when a stop begins, so that the test kit lets the virtual clock run while the stop waits for it. */
  onStopping: ((stopping: Promise<void>) => void) | undefined

  constructor(options: StreamingContextOptions & { readonly storage: Storage }, internals: CrashableInternals) {
    const storages: CrashableStorage[] = []
    const wrapStorage = (storage: Storage): CrashableStorage => {
      const crashable = new CrashableStorage(storage)
      storages.push(crashable)
      return crashable
    }
    super({ ...options, storage: wrapStorage(options.storage) }, { ...internals, wrapStorage })
    this.#storages = storages
  }

  override getState(): StreamingContextState {
    return this.#crashed ? 'STOPPED' : super.getState()
  }

  /** Does nothing after the crash, since the sinks may already belong to the next run. */
  override stop(options?: Parameters<StreamingContext['stop']>[0]): Promise<void> {
    if (this.#crashed) return Promise.resolve()
    const stopping = super.stop(options)
    this.onStopping?.(stopping)
    return stopping
  }

  /**
   * Crashes this run: its storages never settle again, no further batch begins, and its receivers are disconnected.
   * Resolves when the next run can take the locks.
   */
  async crash(): Promise<void> {
    this.#crashed = true
    // The storages come first, since a disconnected receiver closes its last block, which must not be stored.
    const released = this.#storages.map((storage) => storage.crash())
    deactivate(this.appName, this)
    this.engine?.halt()
    for (const { supervisor } of this.inputs.all) void supervisor?.stop()
    await Promise.all(released)
  }
}
