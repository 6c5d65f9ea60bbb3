import { describe, test } from 'vitest'
import { hasKafka } from '../../../../test/kafka/kafka-server.js'
import { hasPostgres } from '../../../../test/postgres-server.js'
import { Random } from '../../src/base/random.js'
import { survives } from './kills.js'

describe.skipIf(!hasKafka() || !hasPostgres())('Kafka → keyed state → Kafka and PostgreSQL, exactly once', () => {
  test.each([1, 2])(
    'the job is killed 50 times, its broker and its database ten times each, at random moments of seed %i',
    (seed) => survives({ job: 50, broker: 10, postgres: 10, records: 20_000, random: new Random(seed) }),
  )
})
