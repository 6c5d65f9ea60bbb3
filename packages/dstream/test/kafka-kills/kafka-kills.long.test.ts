import { describe, test } from 'vitest'
import { hasKafka } from '../../../../test/kafka/kafka-server.js'
import { Random } from '../../src/base/random.js'
import { survives } from './kills.js'

describe.skipIf(!hasKafka())('Kafka → keyed state → Kafka, exactly once', () => {
  test('the job is killed 50 times and its broker five times, at random moments', () =>
    survives({ job: 50, broker: 5, records: 20_000, random: new Random(1) }))
})
