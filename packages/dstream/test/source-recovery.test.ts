import { mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Receiver, Seconds } from 'dstream'
import type { DStream, Source } from 'dstream'
import { crashPoints, TestContext } from 'dstream/testing'
import { lineCodec } from '../src/base/lines/line-codec.js'

/** All records that the outside world has sent; a record is its index. */
type World = string[]

interface Kind {
  /** Makes a stream that reads the world, and a function that lets it see new records. */
  define(t: TestContext, world: World): { stream: DStream<string>; see?: (() => void) | undefined }
}

/** Reads on from its position; `hand` stores new records. */
class WorldReceiver extends Receiver<string> {
  override readonly codecs = [lineCodec]
  #next = 0
  constructor(
    readonly world: World,
    readonly hand: (receiver: WorldReceiver, records: readonly string[], position: number) => unknown,
  ) {
    super()
  }
  onStart(): void {
    this.#next = (this.position as number | undefined) ?? 0
    this.see()
  }
  onStop(): void {}
  see(): void {
    const fresh = this.world.slice(this.#next)
    if (fresh.length === 0 || !this.isStarted()) return
    this.#next = this.world.length
    // A crash leaves the promise of the last block unresolved.
    void Promise.resolve(this.hand(this, fresh, this.#next)).catch(() => undefined)
  }
}

function receiving(hand: WorldReceiver['hand']): Kind {
  return {
    define: (t, world) => {
      const receiver = new WorldReceiver(world, hand)
      return { stream: t.ssc.receiverStream(receiver), see: () => receiver.see() }
    },
  }
}

function text(records: readonly string[]): Uint8Array {
  return new TextEncoder().encode(`${records.join('\n')}\n`)
}

const kinds: Readonly<Record<string, Kind>> = {
  'store with positions': receiving((r, records, end) =>
    records.forEach((record, i) => r.store(record, end - records.length + i + 1)),
  ),
  storeBlock: receiving((r, records, position) => r.storeBlock(records, { position })),
  storeChunk: receiving((r, records, position) => r.storeChunk(text(records), lineCodec, position)),
  storeBytes: receiving((r, records, position) => r.storeBytes(text(records), lineCodec, { position })),
  fromSource: {
    define: (t, world) => ({
      stream: t.ssc.fromSource<string, number>({
        initial: () => 0,
        plan: (from, limit) => Math.min(world.length, from + (limit ?? 3)),
        read: (from, until) => world.slice(from, until),
      }),
    }),
  },
}

/** Runs five batches with a crash in one of them, then some more. Returns the final output of each batch time, and the totals. */
async function run(kind: Kind, crashBatch: number, at: string) {
  const world: World = []
  const said = new Map<number, string[]>()
  let now = new TestContext({ batchInterval: Seconds(1) })
  let see: (() => void) | undefined
  const define = (t: TestContext) => {
    const source = kind.define(t, world)
    see = source.see
    source.stream.foreachRDD(async (rdd, time) => void said.set(time.milliseconds, await rdd.collect()))
    return source.stream.mapToPair((word) => [word, 1]).runningReduceByKey((a, b) => a + b)
  }
  let totals = define(now)
  await now.ssc.start()
  try {
    for (let batch = 1; batch <= 5; batch++) {
      world.push(`w${batch}a`, `w${batch}b`, 'same')
      see?.()
      if (batch !== crashBatch) await now.run(1)
      else {
        const next = await now.crashAndRecover(define, { at })
        now = next
        totals = next.defined
      }
    }
    await now.run(4)
    return { world, batches: [...said.values()].flat(), totals: [...totals.snapshot()], errors: now.errors }
  } finally {
    await now.ssc.stop()
  }
}

describe('a crash at every point: each record is in one batch and counts once', () => {
  test.each(Object.entries(kinds))('%s', async (_, kind) => {
    let reached = 0
    for (const at of crashPoints) {
      for (const batch of [1, 3]) {
        const end = await run(kind, batch, at).catch((error: unknown) => {
          if (/did not reach the crash point/.test(String(error))) return undefined
          throw error
        })
        if (end === undefined) continue
        reached++
        const { world, batches, totals, errors } = end
        expect(errors, at).toEqual([])
        expect([...batches].sort(), `${at} in batch ${batch}`).toEqual([...world].sort())
        const counts = new Map<string, number>()
        for (const word of world) counts.set(word, (counts.get(word) ?? 0) + 1)
        expect(new Map(totals), `${at} in batch ${batch}`).toEqual(counts)
      }
    }
    expect(reached).toBeGreaterThanOrEqual(10)
  })
})

test('files: what was planned is read again, what came while it was away follows, what was there before does not', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'dstream-recovery-'))
  const write = async (name: string, ms: number): Promise<void> => {
    const hidden = join(directory, `.${name}`)
    await writeFile(hidden, `${name}\n`)
    await utimes(hidden, ms / 1000, ms / 1000)
    await rename(hidden, join(directory, name))
  }
  try {
    await write('old', 0)
    for (const at of crashPoints.filter((name) => name.startsWith('batch:'))) {
      const said = new Map<number, string[]>()
      const define = (t: TestContext): unknown =>
        t.ssc
          .textFileStream(directory)
          .foreachRDD(async (rdd, time) => void said.set(time.milliseconds, await rdd.collect()))
      const first = new TestContext({ batchInterval: Seconds(1) })
      define(first)
      await first.ssc.start()
      await write(`${at}-1`, 500)
      await first.run(1)
      await write(`${at}-2`, 1500)
      const second = await first.crashAndRecover(define, { at, downtime: Seconds(2) })
      await write(`${at}-3`, 2500)
      await second.run(1)
      expect([...said.values()].flat(), at).toEqual([`${at}-1`, `${at}-2`, `${at}-3`])
      await second.ssc.stop()
      for (const n of [1, 2, 3]) await rm(join(directory, `${at}-${n}`))
    }
  } finally {
    await rm(directory, { recursive: true })
  }
})

test('files: what came before a crash in the very first batch is read', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'dstream-recovery-'))
  try {
    for (const at of ['batch:begin', 'batch:allocated', 'batch:evaluated']) {
      const define = (t: TestContext) => t.output(t.ssc.textFileStream(directory))
      const first = new TestContext({ batchInterval: Seconds(1) })
      define(first)
      await first.ssc.start()
      await writeFile(join(directory, at), `${at}\n`)
      await utimes(join(directory, at), 0.5, 0.5)
      const second = await first.crashAndRecover(define, { at })
      await second.run(1)
      expect(second.defined.batches.flat(), at).toEqual([at])
      await second.ssc.stop()
      await rm(join(directory, at))
    }
  } finally {
    await rm(directory, { recursive: true })
  }
})

test('rateStream goes on counting where it was', async () => {
  const define = (t: TestContext) => t.output(t.ssc.rateStream(2))
  const first = new TestContext({ batchInterval: Seconds(1) })
  const before = define(first)
  await first.run(2)
  const second = await first.crashAndRecover(define, { at: 'batch:evaluated' })
  await second.run(1)
  expect(before.batches).toEqual([
    [0, 1],
    [2, 3],
    [4, 5],
  ])
  expect(second.defined.batches).toEqual([
    [4, 5],
    [6, 7],
  ])
  await second.ssc.stop()
})

test.each([true, false])('a source is closed after the last batch, and once (gracefully: %s)', async (gracefully) => {
  const calls: string[] = []
  const source: Source<string, number> = {
    initial: () => 0,
    plan: (from) => (calls.push('plan'), from + 1),
    read: () => (calls.push('read'), ['a']),
    committed: () => void calls.push('committed'),
    close: () => void calls.push('close'),
  }
  const t = new TestContext({ batchInterval: Seconds(1) })
  t.output(t.ssc.fromSource(source))
  await t.run(1)
  await t.ssc.stop({ gracefully })
  await t.ssc.stop({ gracefully })
  const batch = ['plan', 'read', 'committed']
  expect(calls).toEqual([...batch, ...(gracefully ? batch : []), 'close'])
})

test('queueStream cannot be recovered', async () => {
  const define = (t: TestContext) => t.output(t.ssc.queueStream([[1]]))
  const first = new TestContext({ batchInterval: Seconds(1) })
  define(first)
  await first.run(1)
  const second = await first.crashAndRecover(define)
  await expect(second.run(1)).rejects.toThrow(/queueStream doesn't support checkpointing/)
})
