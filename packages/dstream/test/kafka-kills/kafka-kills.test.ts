import { describe, test } from 'vitest'
import { hasKafka } from '../../../../test/kafka/kafka-server.js'
import { hasPostgres } from '../../../../test/postgres-server.js'
import { Random } from '../../src/base/random.js'
import { survives } from './kills.js'

describe.skipIf(!hasKafka() || !hasPostgres())('Kafka → keyed state → Kafka and PostgreSQL, exactly once', () => {
  test('the job is killed twice, its broker and its database once each', () =>
    survives({ job: 2, broker: 1, postgres: 1, records: 800, random: new Random(1) }))
})
