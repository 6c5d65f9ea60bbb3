import { RDDContext, Time } from 'dstream'
import { createRDD, kafkaSink, OffsetRange, stringDeserializer } from 'dstream/kafka'
import { expect } from 'vitest'
import { freePort } from '../../../test/free-port.js'
import { KafkaServer, type BrokerPlace, type BrokerSettings } from '../../../test/kafka/kafka-server.js'
import { BreakingWay, type Cut } from './breaking-way.js'
import { KafkaHand } from './kafka.js'

const sc = new RDDContext()

/**
 * Writes batches through a connection that breaks at one piece of data, at each `step`th one of a run, in both directions,
 * with all of the piece lost or half of it. Every record has to be there once.
 */
export async function everyCut(step: number): Promise<void> {
  let way!: BreakingWay
  /** The broker speaks to itself beside the way that breaks. */
  const twoListeners = async ({ port, controllerPort }: BrokerPlace): Promise<BrokerSettings> => {
    const outside = await freePort()
    way = await BreakingWay.to(outside)
    return {
      listeners: `PLAINTEXT://127.0.0.1:${port},OUTSIDE://127.0.0.1:${outside},CONTROLLER://127.0.0.1:${controllerPort}`,
      'advertised.listeners': `PLAINTEXT://127.0.0.1:${port},OUTSIDE://127.0.0.1:${way.port}`,
      'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,OUTSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT',
    }
  }
  const server = await KafkaServer.start(twoListeners)
  const hand = new KafkaHand(server.broker)
  try {
    await hand.create('t')
    const brokers = `127.0.0.1:${way.port}`
    let time = 0
    const run = async (cut: Cut | undefined): Promise<void> => {
      Object.assign(way.pieces, { request: 0, reply: 0 })
      way.cut = cut
      const sink = kafkaSink<number>({ brokers, topic: 't', value: String, transactionalId: 'cuts' })
      await sink.open!()
      for (const last = time + 2; time < last;) {
        time++
        await sink.write({ time: new Time(time), rdd: sc.parallelize([time]) })
      }
      await sink.close!()
      const wanted = Array.from({ length: time }, (_, i) => String(i + 1))
      expect(await written(hand, server.broker), JSON.stringify(cut)).toEqual(wanted)
    }
    await run(undefined)
    for (const lost of ['request', 'reply'] as const) {
      await run(undefined)
      const pieces = way.pieces[lost]
      expect(pieces).toBeGreaterThan(10)
      for (let piece = 0; piece < pieces; piece += step) {
        for (const half of [false, true]) await run({ way: lost, piece, half })
      }
    }
  } finally {
    await hand.close()
    await server.close()
    await way.close()
  }
}

async function written(hand: KafkaHand, brokers: string): Promise<(string | null)[]> {
  const [end] = await hand.ends('t', 1)
  const deserializers = { value: stringDeserializer }
  const rdd = createRDD<Buffer, string>(sc, { brokers, deserializers }, [new OffsetRange('t', 0, 0, end!)])
  return rdd.map(({ value }) => value).collect()
}
