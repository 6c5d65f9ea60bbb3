import { Receiver, Time, type Source, type Sink } from 'dstream'
import { lineCodec } from '../../src/base/lines/line-codec.js'

/** What happens outside, batch by batch. The same in every life. */
export const rows: readonly (readonly string[])[] = [
  ['a', 'b', 'a'],
  ['b', 'c'],
  ['poison'],
  ['a', 'd', 'b'],
  [],
  ['c', 'c', 'e'],
  ['b', 'a'],
  ['d'],
]

/** Does the receiver's part of a batch: resolves when what has been handed over is stored. */
type Hand = (receiver: WorldReceiver, records: readonly string[], row: number) => unknown

/** What outlives a crash: what has happened so far, and a store that others keep. */
export class World {
  /** Rows that have happened. */
  seen = 0
  /** The row whose batch runs. */
  row = 0
  /** A store that makes batches visible as a whole. */
  readonly store = new Map<number, readonly unknown[]>()
  #receivers: WorldReceiver[] = []
  #waiting: (() => void)[] = []

  /** @param lives so far */
  constructor(public lives: number) {}

  /** A new life: nobody listens yet. */
  begin(): void {
    this.lives++
    this.#receivers = []
    this.#waiting = []
  }

  receiver(hand: Hand): WorldReceiver {
    const receiver = new WorldReceiver(this, hand)
    this.#receivers.push(receiver)
    return receiver
  }

  /** Lets the next row happen; resolves when the receivers have handed it over. */
  async happen(row: number): Promise<void> {
    this.seen = Math.max(this.seen, row)
    for (const wake of this.#waiting.splice(0)) wake()
    await Promise.all(this.#receivers.map((receiver) => receiver.see()))
  }

  /** A log that is read by positions, at most two rows at a time. */
  source(): Source<string, number> {
    return {
      initial: () => 0,
      plan: (from) => Math.min(this.seen, from + 2),
      read: (from, until) => rows.slice(from, until).flat(),
    }
  }

  /** Everything from the first row on, in each life, and then what happens in it: each record under an id of its own. */
  async *iterable(): AsyncGenerator<[string, string]> {
    for (let row = 0; ; row++) {
      while (row >= this.seen) await new Promise<void>((wake) => this.#waiting.push(wake))
      for (const [i, word] of rows[row]!.entries()) yield [`${row}/${i}`, word]
    }
  }

  sink(): Sink<unknown> {
    return {
      lastCommitted: () => {
        const last = Math.max(...this.store.keys())
        return last === -Infinity ? undefined : new Time(last)
      },
      write: async ({ time, rdd }) => {
        const records = await rdd.collect()
        if (this.store.has(time.milliseconds)) throw new Error(`the batch of ${time} was written before`)
        this.store.set(time.milliseconds, records)
      },
    }
  }
}

/** Goes on after the last row that is safe. */
class WorldReceiver extends Receiver<string> {
  override readonly codecs = [lineCodec]
  #next = 0
  #handing: Promise<unknown> = Promise.resolve()

  constructor(
    readonly world: World,
    readonly hand: Hand,
  ) {
    super()
  }

  onStart(): void {
    this.#next = (this.position as number | undefined) ?? 0
    void this.see()
  }

  onStop(): void {}

  see(): Promise<unknown> {
    while (this.isStarted() && this.#next < this.world.seen) {
      const row = this.#next++
      this.#handing = this.#handing.then(() => this.#handOver(row))
    }
    return this.#handing
  }

  /** A block that was refused is offered again; when the disk is ill for good, the next life asks for it. */
  async #handOver(row: number): Promise<void> {
    for (let attempt = 1; attempt <= 5; attempt++) {
      try {
        await this.hand(this, rows[row]!, row + 1)
        return
      } catch (error) {
        this.reportError(`row ${row} was not stored`, error)
      }
    }
  }
}

function bytesOf(records: readonly string[]): Uint8Array {
  return new TextEncoder().encode(`${records.join('\n')}\n`)
}

/** The ways in which a receiver hands over, all with positions. */
export const hands = {
  store: (r, records, row) => records.forEach((record, i) => r.store(record, i === records.length - 1 ? row : row - 1)),
  storeBlock: (r, records, row) => r.storeBlock(records, { position: row }),
  storeChunk: (r, records, row) => void (records.length > 0 && r.storeChunk(bytesOf(records), lineCodec, row)),
  storeBytes: (r, records, row) =>
    records.length > 0 ? r.storeBytes(bytesOf(records), lineCodec, { position: row }) : undefined,
} satisfies Record<string, Hand>
