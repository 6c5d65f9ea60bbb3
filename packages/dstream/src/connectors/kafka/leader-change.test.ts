import { RDDContext, Seconds } from 'dstream'
import { TestContext } from 'dstream/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KafkaHand } from '../../../test/kafka.js'
import { hasKafka, KafkaServer } from '../../../../../test/kafka/kafka-server.js'
import { createDirectStream, createRDD, kafkaSink, OffsetRange, stringDeserializer } from './index.js'

const BROKERS = 3
const deserializers = { value: stringDeserializer }

describe.skipIf(!hasKafka())('three brokers', { timeout: 600_000 }, () => {
  let servers: KafkaServer[]
  let brokers: string
  let hand: KafkaHand
  beforeAll(async () => {
    servers = await KafkaServer.startCluster(BROKERS, {
      'offsets.topic.replication.factor': BROKERS,
      'transaction.state.log.replication.factor': BROKERS,
      'transaction.state.log.min.isr': 2,
    })
    brokers = servers.map(({ broker }) => broker).join()
    hand = new KafkaHand(brokers)
    for (const topic of ['in', 'out']) await hand.create(topic, 1, { 'min.insync.replicas': '2' }, BROKERS)
  }, 600_000)
  afterAll(async () => {
    await hand?.close()
    await Promise.all((servers ?? []).map((server) => server.close()))
  })

  const written = async (): Promise<(string | null)[]> => {
    const [end] = await hand.ends('out', 1)
    const rdd = createRDD<Buffer, string>(new RDDContext(), { brokers, deserializers }, [new OffsetRange('out', 0, 0, end!)]) // prettier-ignore
    return rdd.map(({ value }) => value).collect()
  }

  test.each(['in', 'out'])(
    'the leader of the topic %s is killed: another leads, and each record is written once',
    async (of) => {
      const before = await written()
      const t = new TestContext({ batchInterval: Seconds(1) })
      const stream = createDirectStream<Buffer, string>(t.ssc, { brokers, topics: 'in', deserializers })
      const read = t.output(stream.map(({ value }) => value))
      stream
        .map(({ value }) => value)
        .to(kafkaSink({ brokers, topic: 'out', value: String, transactionalId: `id-${of}` }))
      const runUntil = async (count: number): Promise<void> => {
        do await t.run(1)
        while (read.batches.flat().length < count)
      }
      await t.run(1)
      await hand.send('in', `${of} 1`, `${of} 2`)
      await runUntil(2)
      const leader = await hand.leader(of, 0)
      const killed = servers[leader - 1]!
      await killed.kill()
      // The client of the test's own hand does not look for another leader by itself.
      for (const topic of ['in', 'out']) await hand.leader(topic, 0, leader)
      await hand.send('in', `${of} 3`)
      await runUntil(3)
      await killed.restart()
      await hand.send('in', `${of} 4`)
      await runUntil(4)
      await t.stop()
      const all = [1, 2, 3, 4].map((n) => `${of} ${n}`)
      expect(read.batches.flat()).toEqual(all)
      expect(await written()).toEqual([...before, ...all])
    },
  )
})
