import { RDDContext, Seconds } from 'dstream'
import { TestContext } from 'dstream/testing'
import { describe, expect, test } from 'vitest'
import { loadLibrary } from './client/library.js'
import { createDirectStream, createRDD, kafkaSink, OffsetRange, offsetRanges } from './index.js'

const brokers = '127.0.0.1:9092'

const stream = (options: unknown) =>
  createDirectStream(new TestContext({ batchInterval: Seconds(1) }).ssc, options as never)

describe('createDirectStream', () => {
  test.each<[string, unknown, string]>([
    ['no options', undefined, 'createDirectStream: options are an object like { brokers: … }, not null'],
    ['no brokers', { topics: 'a' }, "createDirectStream: brokers must be addresses, ['host:9092'], not undefined"],
    ['a URL', { brokers: 'kafka://host', topics: 'a' }, 'addresses like \'host:9092\', not "kafka://host"'],
    ['a port that is none', { brokers: 'host:99999', topics: 'a' }, 'not "host:99999"'],
    ['no topics', { brokers }, 'topics, assignments or pattern must be given, and only one of them, not undefined'],
    ['topics twice', { brokers, topics: 'a', pattern: /a/ }, 'only one of them, not "topics and pattern"'],
    ['no topic at all', { brokers, topics: [] }, "topics must be names, ['orders'], not []"],
    ['a pattern as text', { brokers, pattern: 'a.*' }, 'pattern must be a regular expression, not "a.*"'],
    ['a partition below 0', { brokers, assignments: [{ topic: 'a', partition: -1 }] }, 'partition must be a whole number of at least 0, not -1'], // prettier-ignore
    ['a misspelt option', { brokers, topic: 'a' }, 'there is no option "topic"; did you mean "topics"?'],
    ['autoCommit without a group', { brokers, topics: 'a', autoCommit: true }, 'groupId must be given where autoCommit is true, not undefined'], // prettier-ignore
    ['a word for an offset', { brokers, topics: 'a', startingOffsets: 'newest' }, "startingOffsets must be 'earliest', 'latest', or offsets like { orders: { 0: 42 } }, not \"newest\""], // prettier-ignore
    ['an offset below 0', { brokers, topics: 'a', startingOffsets: { a: { 0: -2 } } }, 'startingOffsets.a.0 must be a whole number of at least 0, not -2'], // prettier-ignore
    ['a rate of 0', { brokers, topics: 'a', maxRatePerPartition: 0 }, 'maxRatePerPartition must be a number above 0, not 0'], // prettier-ignore
    ['a minimum above the maximum', { brokers, topics: 'a', maxRatePerPartition: 1, minRatePerPartition: 2 }, 'minRatePerPartition must be at most maxRatePerPartition, not 2'], // prettier-ignore
    ['another isolation', { brokers, topics: 'a', isolation: 'serializable' }, "isolation must be 'read_committed' or 'read_uncommitted', not \"serializable\""], // prettier-ignore
    [
      'another answer to gaps',
      { brokers, topics: 'a', onGap: 'ignore' },
      "onGap must be 'fail' or 'skip', not \"ignore\"",
    ],
    ['a deserializer by name', { brokers, topics: 'a', deserializers: { value: 'json' } }, 'deserializers.value must be a function, not "json"'], // prettier-ignore
    ['a mechanism that is none', { brokers, topics: 'a', sasl: { mechanism: 'plain' } }, "sasl.mechanism must be 'PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER', not \"plain\""], // prettier-ignore
    ['no password', { brokers, topics: 'a', sasl: { mechanism: 'PLAIN', username: 'ann' } }, 'sasl.password must be a string or a function that returns one, not "undefined"'], // prettier-ignore
  ])('%s', (_, options, wanted) => {
    expect(() => stream(options)).toThrow(wanted)
  })

  test('a context is needed', () => {
    expect(() => createDirectStream({} as never, { brokers, topics: 'a' })).toThrow(
      'createDirectStream: ssc must be a StreamingContext, not {}',
    )
  })

  test('commitAsync needs a group, and a stream that runs', () => {
    const range = [new OffsetRange('a', 0, 0, 1)]
    expect(() => stream({ brokers, topics: 'a' }).commitAsync(range)).toThrow(/give createDirectStream a groupId/)
    expect(() => stream({ brokers, topics: 'a', groupId: 'g' }).commitAsync(range)).toThrow(/once the context has been started/) // prettier-ignore
  })
})

describe('kafkaSink', () => {
  const good = { brokers, topic: 'a', value: String }
  test.each<[string, unknown, string]>([
    ['no options', undefined, 'kafkaSink: options are an object like { brokers: … }, not null'],
    ['no topic', { brokers, value: String }, 'kafkaSink: topic must be a string that is not empty, not undefined'],
    ['no value', { brokers, topic: 'a' }, 'kafkaSink: value must be a function, not undefined'],
    ['a key that is no function', { ...good, key: 'id' }, 'key must be a function, not "id"'],
    ['an id without transactions', { ...good, exactlyOnce: false, transactionalId: 'x' }, 'transactionalId must be left out where exactlyOnce is false, not "x"'], // prettier-ignore
    ['another compression', { ...good, compression: 'br' }, "compression must be 'none', 'gzip', 'snappy', 'lz4', 'zstd', not \"br\""], // prettier-ignore
    ['a misspelt option', { ...good, transactionId: 'x' }, 'there is no option "transactionId"; did you mean "transactionalId"?'], // prettier-ignore
  ])('%s', (_, options, wanted) => {
    expect(() => kafkaSink(options as never)).toThrow(wanted)
  })
})

describe('createRDD and OffsetRange', () => {
  const sc = new RDDContext()
  test.each<[string, () => unknown, string]>([
    ['no context', () => createRDD(undefined as never, brokers, []), 'createRDD: sc must be an RDDContext, or ssc.sc'],
    [
      'no ranges',
      () => createRDD(sc, brokers, {} as never),
      'createRDD: ranges must be an array of OffsetRange, not {}',
    ],
    ['a range that is none', () => createRDD(sc, brokers, [{} as never]), 'topic must be a string that is not empty'],
    ['an option of streams', () => createRDD(sc, { brokers, topics: 'a' } as never, []), 'no option "topics"'],
    [
      'a range that ends before it begins',
      () => new OffsetRange('a', 0, 5, 4),
      'untilOffset must be at least 5, not 4',
    ],
  ])('%s', (_, call, wanted) => {
    expect(call).toThrow(wanted)
  })

  test('a range has a count and a name; an RDD of anything else has no ranges', () => {
    const range = new OffsetRange('a', 3, 5, 9)
    expect([range.count(), String(range)]).toEqual([4, 'a-3 [5 -> 9]'])
    expect(offsetRanges(sc.parallelize([1]))).toEqual([])
  })
})

test('a program without the client gets to know what to install', async () => {
  const missing = Object.assign(new Error("Cannot find package '@platformatic/kafka'"), {
    code: 'ERR_MODULE_NOT_FOUND',
  })
  await expect(loadLibrary(() => Promise.reject(missing))).rejects.toThrow('run: npm install @platformatic/kafka')
  await expect(loadLibrary(() => Promise.reject(new Error('other')))).rejects.toThrow('other')
})
