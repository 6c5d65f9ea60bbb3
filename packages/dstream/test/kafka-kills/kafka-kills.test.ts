import { describe, test } from 'vitest'
import { hasKafka } from '../../../../test/kafka/kafka-server.js'
import { Random } from '../../src/base/random.js'
import { survives } from './kills.js'

describe.skipIf(!hasKafka())('Kafka → keyed state → Kafka, exactly once', () => {
  test('the job is killed twice and its broker once', () =>
    survives({ job: 2, broker: 1, records: 800, random: new Random(1) }))
})
