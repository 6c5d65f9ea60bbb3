import { describe, test } from 'vitest'
import { hasKafka } from '../../../test/kafka/kafka-server.js'
import { everyCut } from './kafka-cuts.js'

describe.skipIf(!hasKafka())('a sink of Kafka', () => {
  test('some request or reply is lost, and each batch is there once', () => everyCut(7))
})
