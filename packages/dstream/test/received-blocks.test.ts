import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { lineCodec } from '../src/base/lines/line-codec.js'
import { Milliseconds, Receiver, Seconds } from 'dstream'
import { memoryStorage } from 'dstream/storage'
import { TestContext } from 'dstream/testing'
import { turn } from '../src/testing/turn.js'
import { collectGarbage } from './collect-garbage.js'

class Lines extends Receiver<string> {
  override readonly codecs = [lineCodec]
  override onStart(): void {}
  override onStop(): void {}
}

const BATCHES = 6
const add = (a: number, b: number): number => a + b

// The number of batches whose blocks are in memory bounds what a program can receive: that of the last batch, and that which comes.
test.each([
  ['in memory, folded as they come', { eager: true }],
  ['in memory, at the tick', { eager: false }],
  ['with a checkpoint', { storage: memoryStorage() }],
])('the bytes of a batch are let go after the next one, from the first on: %s', async (_, options) => {
  const t = new TestContext({ batchInterval: Seconds(1), ...options })
  const receiver = new Lines()
  const blocks: WeakRef<Uint8Array>[] = []
  t.ssc
    .receiverStream(receiver)
    .mapToPair((line): [string, number] => [line, 1])
    .runningReduceByKey(add)
    .print()
  await t.ssc.start()
  for (let batch = 0; batch < BATCHES; batch++) {
    await t.advance(Milliseconds(500))
    await store(receiver, blocks)
    for (let i = 0; i < 3; i++) await turn()
    await t.advance(Milliseconds(500))
  }
  await setImmediate()
  collectGarbage()
  expect(blocks.map((block) => block.deref() !== undefined)).toEqual([false, false, false, false, false, true])
  await t.stop()
})

async function store(receiver: Lines, blocks: WeakRef<Uint8Array>[]): Promise<void> {
  const bytes = new Uint8Array(Buffer.from('a\nb\na\n'.repeat(100)))
  blocks.push(new WeakRef(bytes))
  await receiver.storeBytes(bytes, lineCodec)
}
