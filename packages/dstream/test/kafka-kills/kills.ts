import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RDDContext, Time } from 'dstream'
import { createRDD, kafkaSink, OffsetRange, stringDeserializer, type ConsumerRecord } from 'dstream/kafka'
import { expect } from 'vitest'
import { KafkaServer, quickRestart } from '../../../../test/kafka/kafka-server.js'
import { PostgresServer } from '../../../../test/postgres-server.js'
import type { Random } from '../../src/base/random.js'
import { KafkaHand, patiently } from '../kafka.js'

const PARTITIONS = 3
const KEYS = 17
const JOB = fileURLToPath(new URL('./job.mjs', import.meta.url))

type Text = ConsumerRecord<string, string>

export interface Kills {
  /** How often the job is killed. */
  readonly job: number
  /** How often the broker is killed while the job runs. */
  readonly broker: number
  /** How often the database is killed while the job runs. */
  readonly postgres: number
  readonly records: number
  readonly random: Random
}

/**
 * Runs the job with its broker and its database, kills each at random moments, lets it end in peace, and compares what it has
 * written with what it was given: each record numbered once among those of its key, and each id in the topic and in the table
 * once.
 */
export async function survives({ job, broker, postgres, records, random }: Kills): Promise<void> {
  const server = await KafkaServer.start(quickRestart)
  const database = await PostgresServer.start()
  const hand = new KafkaHand(server.broker)
  const directory = mkdtempSync(join(tmpdir(), 'dstream-kafka-kills-'))
  try {
    for (const topic of ['orders', 'numbers', 'ids']) await hand.create(topic, PARTITIONS)
    await fill(server.broker, records)
    const kinds = [
      ...Array<'job'>(job).fill('job'),
      ...Array<'broker'>(broker).fill('broker'),
      ...Array<'postgres'>(postgres).fill('postgres'),
    ]
    let running = start(server.broker, directory, database.url)
    while (kinds.length > 0) {
      const [kind] = kinds.splice(random.below(kinds.length), 1)
      await running.batches(1 + random.below(3))
      await new Promise((resolve) => setTimeout(resolve, random.below(150)))
      if (kind === 'broker') {
        await server.kill()
        await server.restart()
      } else if (kind === 'postgres') {
        await database.kill()
        await database.restart()
      } else {
        await running.kill()
        running = start(server.broker, directory, database.url)
      }
    }
    while ((await count(hand, server.broker, 'ids')) < records) await running.batches(1)
    while ((await count(hand, server.broker, 'numbers')) < records) await running.batches(1)
    while ((await idsIn(database)).length < records) await running.batches(1)
    // All may be written already by the life before: a process obeys SIGTERM once it runs batches.
    await running.batches(1)
    await running.stop()
    await mustBeRight(hand, server.broker, records)
    expect(await idsIn(database)).toEqual(Array.from({ length: records }, (_, i) => `id ${i}`).sort())
  } finally {
    rmSync(directory, { recursive: true, force: true })
    await hand.close()
    await server.close()
    await database.close()
  }
}

async function fill(brokers: string, records: number): Promise<void> {
  const sink = kafkaSink<number>({ brokers, topic: 'orders', transactionalId: 'fill', key: (n) => `key ${n % KEYS}`, value: (n) => `id ${n}` }) // prettier-ignore
  const ids = new RDDContext().parallelize(Array.from({ length: records }, (_, i) => i))
  await patiently(async () => sink.open!())
  await patiently(() => sink.write({ time: new Time(1), rdd: ids }))
  await sink.close!()
}

interface Running {
  /** Resolves after so many more batches. */
  batches(n: number): Promise<void>
  kill(): Promise<void>
  /** Stops the job as Ctrl-C does. */
  stop(): Promise<void>
}

function start(broker: string, directory: string, database: string): Running {
  const child = spawn(process.execPath, [JOB, broker, directory, database], { stdio: ['ignore', 'pipe', 'pipe'] })
  const exit = once(child, 'exit')
  let errors = ''
  child.stderr.on('data', (text) => (errors = (errors + String(text)).slice(-4000)))
  let seen = 0
  let changed = (): void => {}
  child.stdout.on('data', (text) => {
    seen += String(text).split('\n').length - 1
    changed()
  })
  child.on('exit', () => changed())
  return {
    batches: async (n) => {
      const wanted = seen + n
      while (seen < wanted) {
        if (child.exitCode !== null) throw new Error(`The job ended with ${child.exitCode}: ${errors}`)
        await new Promise<void>((resolve) => (changed = resolve))
      }
    },
    kill: async () => {
      child.kill('SIGKILL')
      await exit
    },
    stop: async () => {
      child.kill('SIGTERM')
      expect(await exit, errors).toEqual([0, null])
    },
  }
}

/** Returns the ids in the table of the database, in order. */
async function idsIn(database: PostgresServer): Promise<string[]> {
  const client = await database.client()
  try {
    const { rows } = await client.query<{ id: string }>('SELECT id FROM ids')
    return rows.map(({ id }) => id).sort()
  } finally {
    await client.end()
  }
}

async function read(hand: KafkaHand, brokers: string, topic: string): Promise<Text[]> {
  const ends = await hand.ends(topic, PARTITIONS)
  const ranges = ends.map((end, partition) => new OffsetRange(topic, partition, 0, end))
  const deserializers = { key: stringDeserializer, value: stringDeserializer }
  return createRDD<string, string>(new RDDContext(), { brokers, deserializers }, ranges).collect()
}

async function count(hand: KafkaHand, brokers: string, topic: string): Promise<number> {
  return (await read(hand, brokers, topic)).length
}

async function mustBeRight(hand: KafkaHand, brokers: string, records: number): Promise<void> {
  const orders = await read(hand, brokers, 'orders')
  expect(orders).toHaveLength(records)
  const ids = (await read(hand, brokers, 'ids')).map(({ value }) => value!)
  expect(ids.sort()).toEqual(orders.map(({ value }) => value!).sort())
  const numbers = new Map<string, number[]>()
  for (const { key, value } of await read(hand, brokers, 'numbers')) {
    numbers.set(key!, [...(numbers.get(key!) ?? []), Number(value)])
  }
  const given = new Map<string, number>()
  for (const { key } of orders) given.set(key!, (given.get(key!) ?? 0) + 1)
  const wanted = [...given].map(([key, n]) => [key, Array.from({ length: n }, (_, i) => i + 1)] as const)
  expect(numbers).toEqual(new Map(wanted))
}
