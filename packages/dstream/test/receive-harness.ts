import type { Block } from '../src/durable/blocks/block.js'
import type { ReceiverInfo } from '../src/observe/events.js'
import type { Logger } from '../src/base/ports.js'
import { ManualClock } from '../src/testing/manual-clock.js'
import type { ReceiverEvent } from '../src/input/receive/supervisor.js'

/** The surroundings of a receiver for the tests of receive/ and sources/, on the virtual clock. */
export class Harness {
  readonly clock = new ManualClock()
  readonly blocks: Block[] = []
  readonly events: { readonly type: ReceiverEvent; readonly info: ReceiverInfo }[] = []
  readonly log: string[] = []
  readonly logger: Logger = {
    debug: () => {},
    info: (_, message) => void this.log.push(message),
    warn: (_, message) => void this.log.push(message),
    error: (_, message) => void this.log.push(message),
  }
  /** The outcomes of storing the next blocks: an error rejects. */
  readonly failures: (Error | undefined)[] = []

  addBlock = async (block: Block): Promise<void> => {
    const failure = this.failures.shift()
    if (failure !== undefined) throw failure
    this.blocks.push(block)
  }

  onEvent = (type: ReceiverEvent, info: ReceiverInfo): void => void this.events.push({ type, info })

  /** Advances the clock and runs every timer that is due on the way. */
  advance = async (toMs: number): Promise<void> => {
    await settle()
    for (let at = this.clock.nextTimer(toMs); at !== undefined; at = this.clock.nextTimer(toMs)) {
      this.clock.runNext(at)
      await settle()
    }
    this.clock.runNext(toMs)
    await settle()
  }

  get records(): unknown[] {
    return this.blocks.flatMap(recordsOf)
  }

  get eventTypes(): ReceiverEvent[] {
    return this.events.map(({ type }) => type)
  }
}

export function recordsOf({ payload }: Block): readonly unknown[] {
  return 'records' in payload ? payload.records : [...payload.codec.decode(payload.bytes, () => {})]
}

/** Resolves when everything that waits neither for a timer nor for I/O has run. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
