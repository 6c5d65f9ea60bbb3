// Kafka, beside the same by hand with the bare client: reading and counting, and word count from one topic to another,
// exactly once. Needs the broker that tools/fetch-kafka.mjs brings.
import { Consumer, Producer } from '@platformatic/kafka'
import { Milliseconds, RDDContext, StreamingContext, Time } from 'dstream'
import { createDirectStream, kafkaSink, stringDeserializer } from 'dstream/kafka'
import { tsImport } from 'tsx/esm/api'
import { silent } from './job.mjs'
import { alternately, median, ratio, report } from './measure.mjs'

const { hasKafka, KafkaServer } = await tsImport('../test/kafka/kafka-server.ts', import.meta.url)
const { KafkaHand } = await tsImport('../packages/dstream/test/kafka.ts', import.meta.url)
if (!hasKafka()) process.exit(0)

const PARTITIONS = 4
const RECORDS = 400_000
const LINES = 100_000
const BATCH = Milliseconds(200)

const server = await KafkaServer.start()
const hand = new KafkaHand(server.broker)
const brokers = server.broker

const vocabulary = Array.from({ length: 5000 }, (_, i) => `w${((i * 2654435761) >>> 0).toString(36)}`)
let seed = 1
const random = () => (seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff) / 0x7fffffff
const line = () => Array.from({ length: 12 }, () => vocabulary[Math.floor(random() * random() * 5000)]).join(' ')

const fill = async (topic, values) => {
  await hand.create(topic, PARTITIONS)
  const sink = kafkaSink({ brokers, topic, key: (text) => text.slice(0, 8), value: (text) => text, exactlyOnce: false })
  await sink.open()
  await sink.write({ time: new Time(1), rdd: new RDDContext().parallelize(values) })
  await sink.close()
}

await fill(
  'records',
  Array.from({ length: RECORDS }, (_, i) => `${i} ${'x'.repeat(90)}`),
)
await fill('lines', Array.from({ length: LINES }, line))

// ── reading and counting ────────────────────────────────────────────────────────────────────────────────────────────

let runs = 0
const consumerOf = (topic) => {
  const consumer = new Consumer({ clientId: 'bench', groupId: `bench-${topic}-${++runs}`, bootstrapBrokers: [brokers] })
  const options = { topics: [topic], mode: 'earliest', isolationLevel: 1, autocommit: false, maxWaitTime: 100 }
  return consumer.consume(options).then((stream) => ({ consumer, stream }))
}

const bareCount = async () => {
  const { consumer, stream } = await consumerOf('records')
  let n = 0
  for await (const _ of stream) if (++n === RECORDS) break
  await consumer.close(true)
}

/** Runs a job until `isDone` says that it has seen everything. */
const runJob = async (define) => {
  const ssc = new StreamingContext({ batchInterval: BATCH, logger: silent, appName: `bench-${++runs}` })
  await new Promise((resolve, reject) => {
    define(ssc, resolve)
    ssc.start().catch(reject)
  })
  await ssc.stop()
}

const count = () =>
  runJob((ssc, done) => {
    let n = 0
    const stream = createDirectStream(ssc, { brokers, topics: 'records', startingOffsets: 'earliest' })
    stream.foreachRDD(async (rdd) => {
      n += await rdd.count()
      if (n === RECORDS) done()
    })
  })

const counting = await alternately({ bare: bareCount, dstream: count }, { rounds: 5, warmUps: 1 })
report('Kafka → count, 4 partitions, values of 100 bytes', [
  { name: 'the bare client', value: RECORDS / median(counting.bare), unit: 'K records/s' },
  { name: 'dstream', value: RECORDS / median(counting.dstream), unit: 'K records/s' },
  { name: 'dstream against the bare client', value: ratio(counting, 'dstream', 'bare'), unit: '×', atLeast: 0.85 },
])

// ── word count from topic to topic, exactly once ────────────────────────────────────────────────────────────────────

await hand.create('totals', PARTITIONS)

const byHand = async () => {
  const { consumer, stream } = await consumerOf('lines')
  const producer = new Producer({
    clientId: 'bench',
    bootstrapBrokers: [brokers],
    idempotent: true,
    transactionalId: `bench-${++runs}`,
    retryDelay: 10,
  })
  const totals = new Map()
  const write = async (changed) => {
    const transaction = await producer.beginTransaction({ producerId: -1n, producerEpoch: -1 })
    const messages = [...changed].map((word) => ({
      topic: 'totals',
      key: Buffer.from(word),
      value: Buffer.from(String(totals.get(word))),
    }))
    await transaction.send({ messages })
    await transaction.commit()
  }
  let n = 0
  let changed = new Set()
  let last = performance.now()
  for await (const message of stream) {
    for (const word of message.value.toString().split(' ')) {
      totals.set(word, (totals.get(word) ?? 0) + 1)
      changed.add(word)
    }
    if (++n === LINES) break
    if (performance.now() - last < BATCH.milliseconds) continue
    await write(changed)
    changed = new Set()
    last = performance.now()
  }
  await write(changed)
  await producer.close()
  await consumer.close(true)
}

const wordCount = () =>
  runJob((ssc, done) => {
    let n = 0
    const lines = createDirectStream(ssc, {
      brokers,
      topics: 'lines',
      startingOffsets: 'earliest',
      deserializers: { value: stringDeserializer },
    })
    const counted = lines
      .flatMap(({ value }) => value.split(' '))
      .mapToPair((word) => [word, 1])
      .reduceByKey((a, b) => a + b)
    counted
      .runningReduceByKey((a, b) => a + b)
      .to(kafkaSink({ brokers, topic: 'totals', key: ([word]) => word, value: ([, total]) => String(total) }))
    counted.foreachRDD(async (rdd) => {
      n += await rdd.values().sum()
      if (n === LINES * 12) done()
    })
  })

const words = await alternately({ 'by hand': byHand, dstream: wordCount }, { rounds: 5, warmUps: 1 })
report('Kafka → word count → Kafka, exactly once', [
  { name: 'by hand', value: LINES / median(words['by hand']), unit: 'K lines/s' },
  { name: 'dstream', value: LINES / median(words.dstream), unit: 'K lines/s' },
  { name: 'dstream against by hand', value: ratio(words, 'dstream', 'by hand'), unit: '×', atLeast: 0.85 },
])

await hand.close()
await server.close()
