// Orders of a Kafka topic → the revenue of each customer → another topic, exactly once: every order counts once and each
// total is written once, also when the job or the broker is killed.
//
//   docker compose -f examples/kafka-orders.compose.yaml up -d
//   node --import tsx examples/kafka-orders.ts --demo
//
// --demo writes orders too, ten a second. Ctrl-C ends the job; the next run goes on where it ended.
import { Seconds, StateSpec, StreamingContext, type State } from 'dstream'
import { createDirectStream, jsonDeserializer, kafkaSink, stringDeserializer } from 'dstream/kafka'

interface Order {
  readonly customer: string
  readonly cents: number
}

const brokers = process.env['KAFKA'] ?? '127.0.0.1:9092'
const checkpointDir = process.env['CHECKPOINT'] ?? 'kafka-orders-checkpoint'
const isDemo = process.argv.includes('--demo')

const revenue = StateSpec.function((customer: string, cents: number | undefined, total: State<number>) => {
  total.update((total.getOption() ?? 0) + (cents ?? 0))
  return { customer, cents: total.get() }
})

await StreamingContext.run(
  import.meta,
  // An order that is no JSON is left out, counted and logged.
  { batchInterval: Seconds(1), appName: 'kafka-orders', checkpointDir, onRecordError: 'skip' },
  (ssc) => {
    const orders = createDirectStream<string, Order>(ssc, {
      brokers,
      topics: 'orders',
      startingOffsets: 'earliest',
      deserializers: { key: stringDeserializer, value: jsonDeserializer<Order> },
    })
    const totals = orders
      .flatMap(({ value }) => (value === null ? [] : [value]))
      .mapToPair(({ customer, cents }) => [customer, cents])
      .mapWithState(revenue)
    totals.to(
      kafkaSink({ brokers, topic: 'totals', key: ({ customer }) => customer, value: (total) => JSON.stringify(total) }),
    )
    totals
      .map(({ customer, cents }) => `${customer}: ${(cents / 100).toFixed(2)}`)
      .name('revenue')
      .print()

    if (!isDemo) return
    const customers = ['ann', 'bob', 'cho']
    ssc
      .rateStream(10)
      .map((n): Order => ({ customer: customers[n % customers.length]!, cents: 100 + (n % 50) }))
      .to(
        kafkaSink({
          brokers,
          topic: 'orders',
          key: ({ customer }) => customer,
          value: (order) => JSON.stringify(order),
        }),
      )
  },
)
