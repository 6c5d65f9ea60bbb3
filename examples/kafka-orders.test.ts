import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RDDContext } from 'dstream'
import { createRDD, jsonDeserializer, OffsetRange } from 'dstream/kafka'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { KafkaHand } from '../packages/dstream/test/kafka.js'
import { composeSpecification } from '../test/compose-specification.js'
import { hasKafka, KafkaServer } from '../test/kafka/kafka-server.js'

function path(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url))
}

interface Total {
  readonly customer: string
  readonly cents: number
}

describe.skipIf(!hasKafka())('kafka-orders.ts, with a real Kafka', () => {
  let server: KafkaServer
  let hand: KafkaHand
  let folder: string
  beforeAll(async () => {
    server = await KafkaServer.start()
    hand = new KafkaHand(server.broker)
    folder = await mkdtemp(join(tmpdir(), 'dstream-orders-'))
    for (const topic of ['orders', 'totals']) await hand.create(topic, 3)
  }, 120_000)
  afterAll(async () => {
    await hand.close()
    await server.close()
    await rm(folder, { recursive: true, force: true })
  })

  const start = () => {
    const env = { ...process.env, KAFKA: server.broker, CHECKPOINT: join(folder, 'checkpoint') }
    const child = spawn(process.execPath, ['--import', 'tsx', path('kafka-orders.ts')], { env, cwd: path('.') })
    let out = ''
    let changed = (): void => {}
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text) => {
        out += String(text)
        changed()
      })
    }
    child.on('exit', () => changed())
    return {
      until: async (text: string): Promise<void> => {
        while (!out.includes(text)) {
          if (child.exitCode !== null) throw new Error(`The job ended with ${child.exitCode}: ${out}`)
          await new Promise<void>((resolve) => (changed = resolve))
        }
      },
      stop: async (): Promise<void> => {
        const exit = once(child, 'exit')
        child.kill('SIGINT')
        expect(await exit, out).toEqual([0, null])
      },
    }
  }
  const order = (customer: string, cents: number, partition: number) => ({
    key: customer,
    value: JSON.stringify({ customer, cents }),
    partition,
  })

  test('totals go on over a restart, and each is in the other topic once', async () => {
    await hand.send('orders', order('ann', 100, 0), order('bob', 50, 1), order('ann', 25, 0), { value: 'nonsense' })
    const first = start()
    await first.until('ann: 1.25')
    await first.stop()
    const second = start()
    await hand.send('orders', order('ann', 1000, 0))
    await second.until('ann: 11.25')
    await second.stop()
    const ends = await hand.ends('totals', 3)
    const ranges = ends.map((end, partition) => new OffsetRange('totals', partition, 0, end))
    const deserializers = { value: jsonDeserializer<Total> }
    const rdd = createRDD(new RDDContext(), { brokers: server.broker, deserializers }, ranges)
    const totals = await rdd.map(({ value }) => `${value!.customer} ${value!.cents}`).collect()
    expect(totals.sort()).toEqual(['ann 100', 'ann 1125', 'ann 125', 'bob 50'])
  })
})

test('its compose file is what the compose specification allows', () => {
  const validate = composeSpecification()
  validate(parse(readFileSync(path('kafka-orders.compose.yaml'), 'utf8')))
  expect(validate.errors).toBeNull()
})
