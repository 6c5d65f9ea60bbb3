// @ts-check
// The job that the tests kill: it numbers the records of each key, and writes each record's key and number to one topic, and its id
// to another one and, where a database is given, to a table. It prints a line at every batch.
import { Milliseconds, StateSpec, StreamingContext } from 'dstream'
import { createDirectStream, kafkaSink, stringDeserializer } from 'dstream/kafka'
import { postgresSink } from 'dstream/postgres'

const [brokers = '', checkpointDir = '', database] = process.argv.slice(2)

await StreamingContext.run(
  import.meta,
  { batchInterval: Milliseconds(200), checkpointDir, missedBatches: 'skip' },
  (ssc) => {
    const orders = createDirectStream(ssc, {
      brokers,
      topics: 'orders',
      startingOffsets: 'earliest',
      maxRatePerPartition: 100,
      deserializers: { key: stringDeserializer, value: stringDeserializer },
    })
    /** @type {StateSpec<string, string, number, [string, number]>} */
    const numbering = StateSpec.function((key, _, state) => {
      const n = (state.getOption() ?? 0) + 1
      state.update(n)
      return [key, n]
    })
    orders
      .mapToPair(({ key, value }) => [String(key), String(value)])
      .mapWithState(numbering)
      .to(kafkaSink({ brokers, topic: 'numbers', key: ([key]) => key, value: ([, n]) => String(n) }))
    orders.to(kafkaSink({ brokers, topic: 'ids', key: ({ key }) => key, value: ({ value }) => value }))
    if (database !== undefined) {
      /** @type {import('dstream/postgres').PostgresSinkOptions<string>} */
      const ids = {
        connection: database,
        table: 'ids',
        columns: { id: 'text' },
        mode: 'append',
        row: (id) => [id],
        createTable: true,
      }
      orders.map(({ value }) => String(value)).to(postgresSink(ids))
    }
    ssc.on('batchCompleted', () => console.log('batch'))
  },
)
