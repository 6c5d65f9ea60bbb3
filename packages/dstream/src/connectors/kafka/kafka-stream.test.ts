import { Milliseconds, Seconds, type DStream } from 'dstream'
import { sourceContract, TestContext, type SourceOrigin } from 'dstream/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KafkaHand } from '../../../test/kafka.js'
import { loopbackWorkers } from '../../../test/loopback-workers.js'
import { hasKafka, KafkaServer, quickRestart } from '../../../../../test/kafka/kafka-server.js'
import {
  createDirectStream,
  jsonDeserializer,
  offsetRanges,
  stringDeserializer,
  type ConsumerRecord,
  type DirectStreamOptions,
} from './index.js'
import { KafkaSource } from './source/kafka-source.js'
import { decoder } from './source/consumer-record.js'
import { streamSettings } from './source/stream-options.js'

type TextRecord = ConsumerRecord<string, string>

const text = { deserializers: { key: stringDeserializer, value: stringDeserializer } }

function values(stream: DStream<TextRecord>): DStream<string | null> {
  return stream.map(({ value }) => value)
}

describe.skipIf(!hasKafka())('with a real Kafka', () => {
  let server: KafkaServer
  let hand: KafkaHand
  let topics = 0
  beforeAll(async () => {
    server = await KafkaServer.start()
    hand = new KafkaHand(server.broker)
  }, 120_000)
  afterAll(async () => {
    await hand.close()
    await server.close()
  })

  /** Makes a topic of its own for a test. */
  const topic = async (partitions = 1, configs: Readonly<Record<string, string>> = {}): Promise<string> => {
    const name = `topic${++topics}`
    await hand.create(name, partitions, configs)
    return name
  }
  type Options = Partial<DirectStreamOptions<string, string>>
  const streamOf = (t: TestContext, options: Options) =>
    createDirectStream<string, string>(t.ssc, {
      brokers: server.broker,
      startingOffsets: 'earliest',
      ...text,
      ...options,
    })
  const context = (options: Partial<ConstructorParameters<typeof TestContext>[0]> = {}) =>
    new TestContext({ batchInterval: Seconds(1), ...options })
  const reports = (t: TestContext): string[] =>
    t.events.flatMap((event) => (event.type === 'receiverError' ? [event.receiverInfo.lastErrorMessage ?? ''] : []))
  /** Runs a stream of values for some batches. */
  const run = async (options: Options, batches = 1): Promise<(string | null)[][]> => {
    const t = context()
    const out = t.output(values(streamOf(t, options)))
    await t.run(batches)
    await t.ssc.stop()
    return out.batches
  }

  test('with threads, ranges are read in workers: each record once', async () => {
    const topics = await topic(4)
    const all = Array.from({ length: 200 }, (_, i) => ({ value: `v${i % 7}`, partition: i % 4 }))
    await hand.send(topics, ...all)
    const define = (t: TestContext) => values(streamOf(t, { topics })).map(String).countByValue()
    const runOn = async (threads: number) => {
      const worker = context()
      worker.output(define(worker))
      const workers = loopbackWorkers(() => worker.ssc)
      const t = new TestContext({ batchInterval: Seconds(1), threads }, { workers })
      const out = t.output(define(t))
      await t.run(2)
      const [progress] = t.ssc.recentProgress
      await t.ssc.stop()
      // The thread of a real worker ends with its connections.
      for (const input of worker.ssc.inputs.all) await input.close?.()
      return { batches: out.batches.slice(0, 2).map((batch) => batch.sort()), progress: progress! }
    }
    const [one, two] = [await runOn(1), await runOn(2)]
    expect(two.batches).toEqual(one.batches)
    expect(one.batches[0]).toHaveLength(7)
    expect([one.progress.numInputRecords, two.progress.numInputRecords]).toEqual([200, 200])
    expect(two.progress.tasks).toMatchObject({ onWorkers: expect.any(Number) as number, repeated: 0 })
    expect(two.progress.tasks!.onWorkers).toBeGreaterThan(0)
  })

  test('a record has its place, key, value, headers and timestamp', async () => {
    const topics = await topic(2)
    const headers = new Map([['a', 'x'], ['b', 'ü']]) // prettier-ignore
    await hand.send(topics, { key: 'k', value: 'v', headers, timestamp: 12_345n, partition: 1 })
    await hand.send(topics, { key: 'gone', value: null, partition: 1 }, { value: '', partition: 1 })
    const t = context()
    const out = t.output(streamOf(t, { topics }))
    await t.run(2)
    const [records] = out.batches
    expect(records).toEqual([
      {
        topic: topics,
        partition: 1,
        offset: 0,
        timestamp: 12_345,
        key: 'k',
        value: 'v',
        headers: [
          { key: 'a', value: Buffer.from('x') },
          { key: 'b', value: Buffer.from('ü') },
        ],
      },
      expect.objectContaining({ offset: 1, key: 'gone', value: null, headers: [] }),
      expect.objectContaining({ offset: 2, key: null, value: '' }),
    ])
    expect(out.partitions[0]!.map((partition) => partition.length)).toEqual([0, 3])
    expect(out.batches[1]).toEqual([])
    await t.stop()
  })

  test('the offsets of a batch are those of its partitions, in the log and in the RDD', async () => {
    const topics = await topic(2)
    await hand.send(topics, { value: 'a' }, { value: 'b', partition: 1 }, { value: 'c', partition: 1 })
    const t = context()
    const ranges: string[][] = []
    streamOf(t, { topics }).foreachRDD((rdd) => void ranges.push(offsetRanges(rdd).map(String)))
    await t.run(2)
    await hand.send(topics, { value: 'd' })
    await t.run(1)
    expect(ranges).toEqual([
      [`${topics}-0 [0 -> 1]`, `${topics}-1 [0 -> 2]`],
      [],
      [`${topics}-0 [1 -> 2]`, `${topics}-1 [2 -> 2]`],
    ])
    expect(t.ssc.lastProgress!.sources[0]).toMatchObject({
      metadata: { splits: [{ name: `${topics}-0`, atEnd: true }, { name: `${topics}-1`, atEnd: true }] }, // prettier-ignore
    })
    await t.stop()
  })

  test('transactions: aborted and open ones are not read, and a range of markers alone ends', async () => {
    const topics = await topic()
    await transactions(server.broker, topics, ['commit:a', 'abort:b', 'commit:c', 'abort:d'])
    expect(await run({ topics, maxRatePerPartition: 1 }, 10)).toEqual([['a'], [], [], [], ['c'], [], [], [], [], []])
    expect(await run({ topics, isolation: 'read_uncommitted' })).toEqual([['a', 'b', 'c', 'd']])
  })

  test('partitions that are added are read from their beginning, and topics that fit a pattern', async () => {
    const first = await topic()
    await hand.send(first, 'a')
    const t = context()
    const out = t.output(values(streamOf(t, { pattern: new RegExp(`^${first}`), startingOffsets: 'latest' })))
    await t.run(1)
    await hand.grow(first, 2)
    await hand.send(first, { value: 'new', partition: 1 })
    await t.run(2)
    expect(out.batches.flat()).toEqual(['new'])
    await t.stop()
  })

  test.each<[string, Options['startingOffsets'], string[]]>([
    ['earliest', 'earliest', ['a', 'b', 'c', 'd']],
    ['latest', 'latest', ['d']],
    ['an offset', { T: { 0: 1 } }, ['b', 'c', 'd']],
    ['latest for a partition', { T: { 0: 'latest' } }, ['d']],
    ['none for this topic', { other: { 0: 1 } }, ['d']],
  ])('startingOffsets: %s', async (_, given, wanted) => {
    const topics = await topic()
    await hand.send(topics, 'a', 'b', 'c')
    const startingOffsets =
      typeof given === 'object' ? JSON.parse(JSON.stringify(given).replace('"T"', `"${topics}"`)) : given
    const t = context()
    const out = t.output(values(streamOf(t, { topics, startingOffsets })))
    await t.run(1)
    await hand.send(topics, 'd')
    await t.run(1)
    expect(out.batches.flat()).toEqual(wanted)
    await t.stop()
  })

  test('committed offsets are where a stream without a checkpoint begins, and the checkpoint wins over them', async () => {
    const topics = await topic()
    const groupId = `group-${topics}`
    await hand.send(topics, 'a', 'b', 'c', 'd')
    const committed: unknown[] = []
    const t = context()
    const define = (again: TestContext) => {
      const stream = streamOf(again, { topics, groupId, maxRatePerPartition: 1 })
      stream.foreachRDD((rdd, time) => {
        if (time.milliseconds <= 2000) stream.commitAsync(offsetRanges(rdd), (error) => committed.push(error))
      })
      return again.output(values(stream))
    }
    define(t)
    await t.run(3)
    await t.until(() => committed.length === 2)
    expect(committed).toEqual([undefined, undefined])
    const next = await t.crashAndRecover(define)
    await next.run(1)
    expect(next.defined.batches).toEqual([['d']])
    await next.stop()
    expect(await run({ topics, groupId })).toEqual([['c', 'd']])
    expect(await run({ topics, groupId, autoCommit: true })).toEqual([['c', 'd']])
    expect(await run({ topics, groupId })).toEqual([[]])
  })

  test('rates: of the stream by what waits, of a partition, and of a partition at least', async () => {
    const topics = await topic(2)
    await hand.send(topics, ...Array.from({ length: 6 }, (_, i) => `a${i}`), { value: 'b0', partition: 1 }, { value: 'b1', partition: 1 }) // prettier-ignore
    const sizes = async (options: Options, maxRate?: number): Promise<number[][]> => {
      const t = context({ maxRate })
      const out = t.output(values(streamOf(t, { topics, ...options })))
      await t.run(2)
      await t.ssc.stop()
      return out.partitions.map((partitions) => partitions.map(({ length }) => length))
    }
    expect(await sizes({}, 4)).toEqual([[3, 1], [3, 1]]) // prettier-ignore
    expect(await sizes({ maxRatePerPartition: 2 })).toEqual([[2, 2], [2, 0]]) // prettier-ignore
    expect(await sizes({ minRatePerPartition: 2 }, 2)).toEqual([[2, 2], [2, 0]]) // prettier-ignore
  })

  describe('gaps', () => {
    const lose = async (): Promise<{ topics: string; lose: () => Promise<void> }> => {
      const topics = await topic()
      await hand.send(topics, 'a', 'b', 'c', 'd')
      return { topics, lose: () => hand.deleteBefore(topics, 0, 3) }
    }

    test('skip: records that retention has deleted are reported, and the others are read', async () => {
      const { topics, lose: deleteSome } = await lose()
      const t = context()
      const out = t.output(values(streamOf(t, { topics, onGap: 'skip', maxRatePerPartition: 1 })))
      await t.run(1)
      await deleteSome()
      await t.run(2)
      expect(out.batches).toEqual([['a'], ['d'], []])
      expect(reports(t).join()).toMatch(
        /The offsets 1 to 2 of topic\d+-0 cannot be read: its oldest record has offset 3/,
      )
      await t.stop()
    })

    test('fail: the job stops with what is lost, and goes on with skip', async () => {
      const { topics, lose: deleteSome } = await lose()
      const t = context({ retry: { attempts: 1 } })
      t.output(values(streamOf(t, { topics, maxRatePerPartition: 1 })))
      await t.run(1)
      await deleteSome()
      await expect(t.run(1)).rejects.toThrow(/offsets 1 to 2 of .* onGap: 'skip'/)
      const next = await t.crashAndRecover((again) => again.output(values(streamOf(again, { topics, onGap: 'skip' }))))
      await next.run(1)
      expect(next.defined.batches).toEqual([['d'], []])
      await next.stop()
    })

    test('a planned range that is deleted before it is read', async () => {
      const { topics, lose: deleteSome } = await lose()
      const t = context()
      const define = (again: TestContext) => again.output(values(streamOf(again, { topics, onGap: 'skip' })))
      define(t)
      const next = await t.crashAndRecover(
        async (again) => {
          await deleteSome()
          return define(again)
        },
        { at: 'batch:allocated' },
      )
      await next.run(1)
      expect(next.defined.batches).toEqual([['d'], []])
      expect(reports(next).join()).toMatch(/The offsets 0 to 2 .* left out/)
      await next.stop()
    })

    test('a topic that is deleted and created again is read from its beginning', async () => {
      const topics = await topic()
      await hand.send(topics, 'a', 'b')
      const t = context()
      const out = t.output(values(streamOf(t, { topics, onGap: 'skip' })))
      await t.run(1)
      await hand.delete(topics)
      await t.run(1)
      await hand.create(topics)
      await hand.send(topics, 'A')
      await t.run(2)
      expect(out.batches).toEqual([['a', 'b'], [], ['A'], []])
      expect(reports(t)).toEqual([
        expect.stringMatching(/has no topic "topic\d+"/),
        expect.stringMatching(/deleted and created again/),
      ])
      await t.stop()
    })
  })

  test('compaction: what is left of a range is read', async () => {
    const topics = await topic(1, {
      'cleanup.policy': 'compact',
      'segment.ms': '1',
      'min.cleanable.dirty.ratio': '0.01',
      'max.compaction.lag.ms': '1',
    })
    await hand.send(topics, ...Array.from({ length: 20 }, (_, i) => ({ key: 'k', value: `v${i}` })))
    await hand.send(topics, { key: 'other', value: 'last' })
    const all = await run({ topics })
    expect(all[0]!.slice(-2)).toEqual(['v19', 'last'])
    expect(await run({ topics, maxRatePerPartition: 7 }, 3).then((batches) => batches.flat().slice(-2))).toEqual(['v19', 'last']) // prettier-ignore
  })

  test('empty, large and many records, compressed in each way', async () => {
    const topics = await topic(1, { 'max.message.bytes': '5000000' })
    const large = 'x'.repeat(2_000_000)
    await hand.send(topics, large, '', 'after')
    expect(await run({ topics, maxPartitionFetchBytes: 1000 })).toEqual([[large, '', 'after']])
    for (const compression of ['gzip', 'snappy', 'lz4'] as const) {
      const name = await topic()
      const values = Array.from({ length: 500 }, (_, i) => `v${i}`)
      await hand.sendAll(name, values, compression)
      expect(await run({ topics: name })).toEqual([values])
    }
  })

  test('a value that does not decode goes through onRecordError, with its place', async () => {
    const topics = await topic()
    await hand.send(topics, '{"n":1}', 'nonsense', '{"n":2}')
    const seen: unknown[] = []
    const t = context({
      onRecordError: (error) => {
        seen.push((error.record as ConsumerRecord).offset)
        return 'skip'
      },
    })
    const stream = createDirectStream<Buffer, { n: number }>(t.ssc, {
      brokers: server.broker,
      topics,
      startingOffsets: 'earliest',
      deserializers: { value: jsonDeserializer },
    })
    const out = t.output(stream.map(({ value }) => value!.n))
    await t.run(1)
    expect([out.batches, seen, t.ssc.totals.skippedRecords]).toEqual([[[1, 2]], [1], { 'createDirectStream#1': 1 }])
    await t.stop()
  })

  test('the broker is killed, and the stream goes on where it was', async () => {
    const own = await KafkaServer.start(quickRestart)
    const other = new KafkaHand(own.broker)
    await other.create('t')
    await other.send('t', 'a')
    const t = context()
    const out = t.output(values(streamOf(t, { brokers: own.broker, topics: 't' })))
    await t.run(1)
    await own.kill()
    await t.run(2)
    expect(out.batches).toEqual([['a'], [], []])
    expect(reports(t).join()).toMatch(/Could not plan the batch of 2000 ms; the next one tries again/)
    await own.restart()
    await other.send('t', 'b')
    while (out.batches.flat().length < 2) await t.run(1)
    expect(out.batches.flat()).toEqual(['a', 'b'])
    await t.stop()
    await other.close()
    await own.close()
  })

  test('a job whose batch waits for the broker can be stopped', async () => {
    const own = await KafkaServer.start()
    const other = new KafkaHand(own.broker)
    await other.create('t')
    await other.send('t', 'a')
    const t = context()
    const define = (again: TestContext) => again.output(values(streamOf(again, { brokers: own.broker, topics: 't' })))
    define(t)
    const next = await t.crashAndRecover(
      async (again) => {
        await own.kill()
        return define(again)
      },
      { at: 'batch:allocated' },
    )
    const waiting = next.run(1).catch(() => undefined)
    const isWaiting = (): boolean => reports(next).some((report) => report.includes('Reading t-0 is tried again'))
    while (!isWaiting()) await new Promise((resolve) => setTimeout(resolve, 10))
    await expect(next.ssc.stop({ timeout: Milliseconds(100) })).rejects.toThrow(/was stopped all the same/)
    await waiting
    expect(next.defined.batches).toEqual([])
    await other.close()
    await own.close()
  })

  test('no broker, or no topic: reported, and found later', async () => {
    const t = context()
    const out = t.output(values(streamOf(t, { topics: 'later' })))
    const away = t.output(values(streamOf(t, { brokers: '127.0.0.1:1', topics: 'any' })))
    await t.run(1)
    expect(reports(t)).toHaveLength(4)
    const errors = t.events.flatMap((event) => (event.type === 'receiverError' ? [event.receiverInfo.lastError] : []))
    expect(errors.join()).toMatch(/has no topic "later". Create it/)
    expect(errors.join()).toMatch(/Kafka at 127.0.0.1:1 is away \(connect ECONNREFUSED/)
    await hand.create('later')
    await hand.send('later', 'a')
    while (out.batches.flat().length === 0) await t.run(1)
    expect([out.batches.flat(), away.batches.flat()]).toEqual([['a'], []])
    await t.stop()
  })

  describe('sourceContract', () => {
    const origin = async (): Promise<SourceOrigin<ConsumerRecord<Buffer, string>>> => {
      // The timestamps are of 1970, and retention goes by them.
      const topics = await topic(2, { 'retention.ms': '-1' })
      const settings = streamSettings(
        'test',
        { brokers: server.broker, topics, startingOffsets: 'earliest' },
        Seconds(1),
      )
      const records = new Map<number, { value: string; partition: number }>()
      return {
        source: () => new KafkaSource<Buffer, string>(settings, decoder({ value: stringDeserializer })),
        record: (n) => {
          records.set(n, { value: `v${n}`, partition: n % 2 })
          return { topic: topics, partition: n % 2, offset: Math.floor(n / 2), timestamp: n, key: null, value: `v${n}`, headers: [] } // prettier-ignore
        },
        append: (given) =>
          hand.send(topics, ...given.map(({ value, partition, timestamp }) => ({ value, partition, timestamp: BigInt(timestamp) }))), // prettier-ignore
      }
    }
    test.each(sourceContract(origin).map(({ name, run: check }) => [name, check] as const))('%s', (_, check) => check())
  })
})

/** Writes one record a transaction, and ends each as its text says. */
async function transactions(broker: string, topic: string, texts: readonly string[]): Promise<void> {
  const { Producer } = await import('@platformatic/kafka')
  const producer = new Producer({
    clientId: 'test',
    bootstrapBrokers: [broker],
    idempotent: true,
    transactionalId: `transactions-${topic}`,
    retryDelay: 50,
  })
  for (const text of texts) {
    const [end, value] = text.split(':') as ['commit' | 'abort', string]
    const transaction = await producer.beginTransaction({ producerId: -1n, producerEpoch: -1 })
    await transaction.send({ messages: [{ topic, partition: 0, value: Buffer.from(value) }] })
    await transaction[end]()
  }
  await producer.close()
}
