import { RDDContext, Seconds, Time } from 'dstream'
import { sinkContract, TestContext, type SinkPlace } from 'dstream/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BreakingWay } from '../../../test/breaking-way.js'
import { KafkaHand, patiently } from '../../../test/kafka.js'
import { hasKafka, KafkaServer, quickRestart } from '../../../../../test/kafka/kafka-server.js'
import {
  createRDD,
  kafkaSink,
  OffsetRange,
  offsetRanges,
  stringDeserializer,
  type ConsumerRecord,
  type KafkaSinkOptions,
} from './index.js'

type Text = ConsumerRecord<string, string>

/** The number of the request that ends a transaction, in the fifth and sixth byte of a request. */
const END_TXN = 26

const sc = new RDDContext()
function batch<T>(time: number, ...records: T[]) {
  return { time: new Time(time), rdd: sc.parallelize(records) }
}
function code(wanted: string) {
  return expect.objectContaining({ code: wanted })
}

describe.skipIf(!hasKafka())('with a real Kafka', () => {
  let server: KafkaServer
  let hand: KafkaHand
  let topics = 0
  beforeAll(async () => {
    server = await KafkaServer.start({ 'transaction.abort.timed.out.transaction.cleanup.interval.ms': 200 })
    hand = new KafkaHand(server.broker)
  }, 120_000)
  afterAll(async () => {
    await hand.close()
    await server.close()
  })

  const topic = async (partitions = 1, configs: Readonly<Record<string, string>> = {}): Promise<string> => {
    const name = `topic${++topics}`
    await hand.create(name, partitions, configs)
    return name
  }
  /** Returns the records that a reader of committed data sees, partition by partition. */
  const read = async (topic: string, partitions = 1): Promise<Text[][]> => {
    const ends = await hand.ends(topic, partitions)
    const ranges = ends.map((end, partition) => new OffsetRange(topic, partition, 0, end))
    const deserializers = { key: stringDeserializer, value: stringDeserializer }
    return createRDD<string, string>(sc, { brokers: server.broker, deserializers }, ranges).glom().collect()
  }
  const readFrom = async (brokers: string, of: KafkaHand, topic: string): Promise<string[]> => {
    const [end] = await of.ends(topic, 1)
    const rdd = createRDD<Buffer, string>(sc, { brokers, deserializers: { value: stringDeserializer } }, [new OffsetRange(topic, 0, 0, end!)]) // prettier-ignore
    return rdd.map(({ value }) => value!).collect()
  }
  const values = async (topic: string): Promise<(string | null)[]> =>
    (await read(topic)).flat().map(({ value }) => value)

  const sinkOf = <T>(topic: string, options: Partial<KafkaSinkOptions<T>> = {}) =>
    kafkaSink<T>({ brokers: server.broker, topic, value: String, transactionalId: `id-${topic}`, ...options })
  const opened = async <T>(topic: string, options: Partial<KafkaSinkOptions<T>> = {}) => {
    const sink = sinkOf<T>(topic, options)
    await sink.open!()
    return sink
  }

  /** Writes a batch as a job does: again, as often as the error is transient. A broker may take long to come back. */
  const writtenAtLast = <T>(sink: ReturnType<typeof kafkaSink<T>>, given: ReturnType<typeof batch<T>>) =>
    patiently(
      () => sink.write(given),
      (error) => sink.isTransient?.(error) === true,
    )

  test('records and batch time are there, and are taken up by the next sink', async () => {
    const name = await topic()
    const sink = await opened<number>(name)
    expect(await sink.lastCommitted()).toBeUndefined()
    await sink.write(batch(1000, 1, 2))
    await sink.write(batch(2000))
    await sink.close!()
    const next = await opened<number>(name)
    expect(await next.lastCommitted()).toEqual(new Time(2000))
    for (const time of [1000, 2000, 3000, 3000]) await next.write(batch(time, time))
    await next.close!()
    expect(await values(name)).toEqual(['1', '2', '3000'])
  })

  test('a record has its key, headers, timestamp and partition', async () => {
    const name = await topic(3)
    const sink = await opened<string>(name, {
      key: (text) => (text.startsWith('-') ? null : text),
      value: (text) => (text === 'gone' ? null : Buffer.from(text)),
      headers: (text) => ({ length: String(text.length), bytes: Buffer.from([1]) }),
      timestamp: () => Date.UTC(2026, 0, 1),
    })
    await sink.write(batch(1000, 'a', 'b', 'gone', '-1', '-2', '-3'))
    await sink.close!()
    const partitions = await read(name, 3)
    const all = partitions.flat()
    expect(all.find(({ key }) => key === 'a')).toEqual({
      topic: name,
      partition: expect.any(Number),
      offset: expect.any(Number),
      timestamp: Date.UTC(2026, 0, 1),
      key: 'a',
      value: 'a',
      headers: [
        { key: 'length', value: Buffer.from('1') },
        { key: 'bytes', value: Buffer.from([1]) },
      ],
    })
    expect(all.find(({ key }) => key === 'gone')!.value).toBeNull()
    expect(partitions.map((records) => records.filter(({ key }) => key === null).length)).toEqual([1, 1, 1])
  })

  test('the partition may be chosen, and a wrong one is refused', async () => {
    const name = await topic(2)
    const sink = await opened<number>(name, { partition: (n) => n })
    await sink.write(batch(1000, 0, 1, 1))
    await expect(sink.write(batch(2000, 2))).rejects.toMatchObject(code('no-such-partition'))
    await expect((await opened<number>(await topic(), { value: (n) => n as never })).write(batch(1000, 1))).rejects.toMatchObject(code('not-bytes')) // prettier-ignore
    await sink.close!()
    expect((await read(name, 2)).map(({ length }) => length)).toEqual([1, 2])
  })

  test.each(['gzip', 'snappy', 'lz4'] as const)('many records, compressed with %s', async (compression) => {
    const name = await topic()
    const sink = await opened<string>(name, { compression })
    const records = Array.from({ length: 3000 }, (_, i) => `record ${i} ${'x'.repeat(200)}`)
    await sink.write(batch(1000, ...records))
    await sink.close!()
    expect(await values(name)).toEqual(records)
  })

  test('a second sink of the same id takes the place of the first, which says so', async () => {
    const name = await topic()
    const first = await opened<number>(name)
    await first.write(batch(1000, 1))
    const second = await opened<number>(name)
    await expect(first.write(batch(2000, 2))).rejects.toMatchObject(code('sink-overtaken'))
    await second.write(batch(2000, 2))
    await expect(first.write(batch(3000, 3))).rejects.toMatchObject(code('sink-overtaken'))
    await Promise.all([first.close!(), second.close!()])
    expect(await values(name)).toEqual(['1', '2'])
  })

  test('a transaction that takes too long is aborted by the broker, and written again', async () => {
    const name = await topic()
    const sink = await opened<number>(name, { transactionTimeout: Seconds(1) })
    await sink.write(batch(1000, 1))
    server.freeze()
    const writing = sink.write(batch(2000, 2))
    await new Promise((resolve) => setTimeout(resolve, 1500))
    server.thaw()
    await writing
    await sink.write(batch(3000, 3))
    await sink.close!()
    expect(await values(name)).toEqual(['1', '2', '3'])
  })

  test('a record that the broker refuses fails the batch, and the next one is written', async () => {
    const name = await topic(1, { 'max.message.bytes': '2000' })
    const sink = await opened<string>(name)
    const failing = sink.write(batch(1000, 'x'.repeat(10_000)))
    await expect(failing).rejects.toThrow(/Kafka at .* refuses: MESSAGE_TOO_LARGE/)
    await sink.write(batch(2000, 'small'))
    await sink.close!()
    expect(await values(name)).toEqual(['small'])
  })

  test('no topic, no broker, no id, two contexts: said at the start', async () => {
    await expect(opened('missing')).rejects.toMatchObject(code('topic-missing'))
    await expect(opened(await topic(), { transactionalId: undefined })).rejects.toMatchObject(code('bad-option'))
    const sink = await opened(await topic())
    await expect(sink.open!()).rejects.toMatchObject(code('sink-in-use'))
    await sink.close!()
    expect(() => sink.lastCommitted()).toThrow(code('sink-not-open'))
  })

  test('without transactions: a batch that is written again is there twice', async () => {
    const name = await topic()
    const sink = await opened<number>(name, { exactlyOnce: false, transactionalId: undefined })
    await sink.write(batch(1000, 1, 2))
    await sink.write(batch(1000, 1, 2))
    expect(await sink.lastCommitted()).toBeUndefined()
    await sink.close!()
    expect(await values(name)).toEqual(['1', '2', '1', '2'])
  })

  test('the id comes from the job where none is given, and a job that starts again goes on', async () => {
    const name = await topic()
    const rows = [['a'], ['b'], ['c']]
    const define = (t: TestContext): void =>
      void t.input(rows).to(kafkaSink<string>({ brokers: server.broker, topic: name, value: (text) => text }))
    const t = new TestContext({ batchInterval: Seconds(1) })
    define(t)
    await t.run(1)
    const next = await t.crashAndRecover(define, { at: 'output:done' })
    await next.run()
    await next.stop()
    expect(await values(name)).toEqual(['a', 'b', 'c'])
  })

  test('the broker is killed in the middle of a batch, and comes back', async () => {
    const own = await KafkaServer.start(quickRestart)
    const other = new KafkaHand(own.broker)
    await other.create('t')
    const killed = new Set<number>()
    const sink = await opened<number>('t', {
      brokers: own.broker,
      value: (n) => {
        if (n === 1001 && !killed.has(n)) void own.kill().then(() => own.restart())
        killed.add(n)
        return String(n)
      },
    })
    for (const time of [1000, 2000]) await writtenAtLast(sink, batch(time, time, time + 1, time + 2))
    await sink.close!()
    expect(await readFrom(own.broker, other, 't')).toEqual(['1000', '1001', '1002', '2000', '2001', '2002'])
    await other.close()
    await own.close()
  })

  test('a commit that times out half way, its request or its reply lost: each batch is there once', async () => {
    let way!: BreakingWay
    const own = await KafkaServer.start(async ({ port }) => {
      way = await BreakingWay.to(port)
      return { 'advertised.listeners': `PLAINTEXT://127.0.0.1:${way.port}` }
    })
    const other = new KafkaHand(own.broker)
    await other.create('t')
    const sink = await opened<number>('t', { brokers: own.broker, requestTimeout: Seconds(3) })
    await sink.write(batch(1000, 1))
    for (const [time, lost] of [
      [2000, 'request'],
      [3000, 'reply'],
    ] as const) {
      way.silence = { isIt: (data) => data.readInt16BE(4) === END_TXN, lost }
      await sink.write(batch(time, time / 1000))
      expect(way.silence, `a commit was chosen at ${time}`).toBeUndefined()
    }
    await sink.write(batch(4000, 4))
    await sink.close!()
    expect(await readFrom(own.broker, other, 't')).toEqual(['1', '2', '3', '4'])
    await other.close()
    await way.close()
    await own.close()
  })

  test('ranges of offsets as an RDD: read when it is evaluated, with its ranges', async () => {
    const name = await topic(2)
    await hand.send(name, 'a', 'b', 'c', { value: 'd', partition: 1 })
    const ranges = [new OffsetRange(name, 0, 1, 3), new OffsetRange(name, 1, 0, 1), new OffsetRange(name, 0, 2, 2)]
    const rdd = createRDD(sc, server.broker, ranges)
    expect(offsetRanges(rdd)).toEqual(ranges)
    expect(await rdd.map(({ value }) => String(value)).glom().collect()).toEqual([['b', 'c'], ['d'], []]) // prettier-ignore
    await hand.deleteBefore(name, 0, 2)
    await expect(createRDD(sc, server.broker, ranges).count()).rejects.toThrow(
      /The offset 1 of .* cannot be read: its oldest record has offset 2/,
    )
    expect(await createRDD(sc, { brokers: server.broker, onGap: 'skip' }, ranges).count()).toBe(2)
    await expect(createRDD(sc, server.broker, [new OffsetRange('no', 0, 0, 1)]).count()).rejects.toThrow(
      /no topic "no"/,
    )
  })

  describe('sinkContract', () => {
    const place = async (): Promise<SinkPlace<string>> => {
      const own = await topic(2)
      return {
        sink: () => sinkOf<string>(own),
        record: (n) => `record ${n}`,
        read: async () => {
          const all = (await read(own, 2)).flat()
          // The partitions have no order among them; the timestamps are those of the batches in the order of writing.
          return all.sort((a, b) => a.timestamp - b.timestamp || a.offset - b.offset).map(({ value }) => value!)
        },
      }
    }
    test.each(sinkContract(place).map(({ name, run }) => [name, run] as const))('%s', (_, run) => run())
  })
})
