import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { Receiver, Seconds, type BatchInfo, type Codec, type SkippedRecords } from 'dstream'
import { TestContext } from 'dstream/testing'

/** Runs the batches. Returns what the events and the progress say of the skipped records of each batch. */
async function counted(
  t: TestContext,
  batches: number,
): Promise<{ events: SkippedRecords[]; progress: SkippedRecords[] }> {
  const infos: BatchInfo[] = []
  t.ssc.on('batchCompleted', ({ batchInfo }) => infos.push(batchInfo))
  await t.run(batches)
  return {
    events: infos.map(({ skippedRecords }) => skippedRecords),
    progress: t.ssc.recentProgress.map(({ skippedRecords }) => skippedRecords),
  }
}

function refuse(bad: number): (n: number) => number {
  return (n) => {
    if (n === bad) throw new Error(`no ${bad}`)
    return n
  }
}

test('skipped records are counted per operator, in the events, in lastProgress and in the totals', async () => {
  const t = new TestContext({ batchInterval: Seconds(1), onRecordError: 'skip' })
  const kept = t
    .input([[1, 2, 2, 3], [3], [1, 2]])
    .map(refuse(2))
    .uid('no-two')
    .map(refuse(3))
  const totals = kept
    .mapToPair((n) => ['all', n])
    .updateStateByKey<number>((values, old = 0) => old + values.map(refuse(1)).length)
  t.output(kept)
  t.output(totals)
  const wanted = [
    { 'no-two': 2, 'map#2': 1, 'updateStateByKey#1': 1 },
    { 'map#2': 1 },
    { 'no-two': 1, 'updateStateByKey#1': 1 },
  ]
  const { events, progress } = await counted(t, 3)
  expect(events).toEqual(wanted)
  expect(progress).toEqual(wanted)
  expect(t.ssc.lastProgress?.skippedRecords).toEqual(wanted[2])
  expect(t.ssc.totals).toEqual({
    numBatches: 3,
    numInputRecords: 7,
    skippedRecords: { 'no-two': 3, 'map#2': 2, 'updateStateByKey#1': 2 },
  })
  await t.stop()
})

test('two outputs of a stream count a record once', async () => {
  const t = new TestContext({ batchInterval: Seconds(1), onRecordError: 'skip' })
  const kept = t.input([[1, 2]]).map(refuse(2))
  kept.foreachRDD(async (rdd) => void [await rdd.count(), await rdd.collect()])
  kept.count().print()
  expect((await counted(t, 1)).events).toEqual([{ 'map#1': 1 }])
  await t.stop()
})

test('received records that cannot be stored or do not decode count for their source', async () => {
  const even: Codec<number> = {
    id: 'even',
    decode: (bytes, bad) => {
      const records: number[] = []
      for (const byte of bytes) {
        if (byte % 2 === 0) records.push(byte)
        else bad(Uint8Array.of(byte), new Error('odd'))
      }
      return records
    },
  }
  class Bytes extends Receiver<number> {
    override readonly codecs = [even]
    onStart(): void {
      this.storeChunk(Uint8Array.of(2, 3, 4, 5, 7), even)
    }
    onStop(): void {}
  }
  const t = new TestContext({ batchInterval: Seconds(1), onRecordError: 'skip' })
  const emitter = new EventEmitter()
  const bytes = t.output(t.ssc.receiverStream(new Bytes()).uid('bytes'))
  const values = t.output(t.ssc.fromEventEmitter<unknown>(emitter, 'value'))
  await t.ssc.start()
  for (const value of [1, () => 1, new URL('http://localhost/'), 2]) emitter.emit('value', value)
  expect((await counted(t, 1)).events).toEqual([{ bytes: 3, 'fromEventEmitter#1': 2 }])
  expect([bytes.batches, values.batches]).toEqual([[[2, 4]], [[1, 2]]])
  await t.stop()
})

test('each state has one id of its own in stateOperators', async () => {
  const t = new TestContext({ batchInterval: Seconds(1) })
  const pairs = t.inputPairs([[['a', 1]]])
  const options = { filterFunc: ([, n]: readonly [string, number]) => n > 0 }
  t.output(
    pairs
      .reduceByKeyAndWindow(
        (a, b) => a + b,
        (a, b) => a - b,
        Seconds(2),
        Seconds(1),
        options,
      )
      .uid('window'),
  )
  t.output(pairs.runningReduceByKey((a, b) => a + b).uid('totals'))
  await t.run(1)
  expect(t.ssc.lastProgress?.stateOperators.map(({ id }) => id)).toEqual([
    'window',
    'window/span',
    'window/spread',
    'totals',
  ])
  await t.stop()
})
