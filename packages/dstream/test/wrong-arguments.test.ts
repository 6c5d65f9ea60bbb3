import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import {
  deadLetter,
  DStream,
  DStreamError,
  Duration,
  HashPartitioner,
  RDD,
  RDDContext,
  RecordError,
  Seconds,
  StateSpec,
  StatsReportListener,
  StreamingContext,
  Time,
  jsonLines,
} from '../src/index.js'
import { fileSink, readFileSink } from '../src/output/files/index.js'
import { eventSource, httpReceiver, webhookSink, webSocket } from '../src/connectors/http/index.js'
import { postgresQuery, postgresSink } from '../src/connectors/postgres/index.js'
import { sqliteQuery, sqliteSink } from '../src/connectors/sqlite/index.js'
import { redisSink, redisStream } from '../src/connectors/redis/index.js'
import { fileStorage, memoryStorage } from '../src/storage.js'
import { ManualClock, runBatches, testRecovery, TestContext } from '../src/testing/index.js'
import { jsonForm } from '../src/base/text/text-form.js'

// Every public method, with each of its arguments replaced by each of many wrong values: what is refused is refused in
// words, whether at once, when the action runs, or in the first batch. A value that happens to fit is no fault.

const folder = mkdtempSync(join(tmpdir(), 'dstream-wrong-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const WRONG: readonly unknown[] = [
  undefined,
  null,
  0,
  -1,
  1.5,
  NaN,
  Infinity,
  1n,
  '',
  'x',
  true,
  Symbol('s'),
  [],
  [1],
  [[1]],
  {},
  { a: 1 },
  (): number => 1,
  new Map(),
  new Date(0),
  Object.create(null),
  new Proxy({}, {}),
]

type Target = Record<string, (...args: readonly unknown[]) => unknown>
/** The name of a method, a fresh object that has it, and arguments that fit. */
type Call = readonly [name: string, make: () => unknown, args: readonly unknown[]]

/** Waits for the result of a call, for the records of an RDD, and for the first batch of a stream. */
async function settle(result: unknown, target: unknown): Promise<void> {
  const results = Array.isArray(result) ? result : [result]
  await Promise.all(results.map((one: unknown) => (one instanceof RDD ? one.collect() : one)))
  const t = contexts.get(target as object)
  if (t === undefined) return
  t.ssc.constantStream(t.ssc.sc.emptyRDD()).foreachRDD(() => undefined)
  await t.run(1)
  await t.ssc.stop()
}

function isInWords(error: unknown): boolean {
  return error instanceof DStreamError || (error instanceof RecordError && isInWords(error.cause))
}

function shown(value: unknown): string {
  return typeof value === 'object' && value !== null ? jsonForm(value) : String(value)
}

async function faultsOf([name, make, args]: Call): Promise<string[]> {
  const faults: string[] = []
  for (const position of args.keys()) {
    for (const wrong of WRONG) {
      // A path may be any text, and these would be written beside the repository's own files.
      if (name.startsWith('saveAs') && typeof wrong === 'string') continue
      const target = make() as Target
      try {
        await settle(target[name]!(...args.with(position, wrong)), target)
      } catch (error) {
        if (!isInWords(error)) faults.push(`${name}, argument ${position}, ${shown(wrong)}: ${shown(error)}`)
      }
    }
  }
  return faults
}

const contexts = new WeakMap<object, TestContext>()
function context(): TestContext {
  return new TestContext({ batchInterval: Seconds(1) })
}
function streamOf(records: readonly unknown[]): object {
  const t = context()
  const stream = t.input([records])
  contexts.set(stream, t)
  return stream
}

const ssc = (): StreamingContext => context().ssc
const sc = (): RDDContext => ssc().sc
const numbers = (): RDD<number> => sc().parallelize([3, 1, 2])
const pairs = (): RDD<[string, number]> => sc().parallelize([['a', 1], ['b', 2]]) // prettier-ignore
const stream = (): object => streamOf([3, 1])
const keyed = (): object => streamOf([['a', 1]])
const plus = (a: number, b: number): number => a + b
const same = (x: unknown): unknown => x
const list = (x: unknown): unknown[] => [x]
const pair = (x: unknown): unknown[] => [x, 1]
const partitioning = { numPartitions: 2 }
const stateOptions = { initialState: [['a', 1]], numPartitions: 2, version: 1, migrate: same }
const second = Seconds(1)
const time = new Time(1000)
const path = (name: string): string => join(folder, name)

const store = { write: () => undefined, lastCommitted: () => undefined }
const mapAsyncOptions = {
  concurrency: 2,
  ordered: true,
  timeout: second,
  retry: { attempts: 1, backoff: second, maxBackoff: second, when: same },
  onError: 'skip',
}

/** The options of a table that every sink of a database has. */
const table = { table: 'a', columns: { a: 'text' } }

/** The options of an output, and of the outputs of a context. */
const delivery = {
  retry: { attempts: 1, backoff: second, maxBackoff: second },
  onFailure: 'skip',
  timeout: second,
  maxBehind: 1,
  order: 'any',
}
const contextOptions = {
  batchInterval: second,
  appName: 'a',
  checkpointDir: folder,
  onExistingCheckpoint: 'discard',
  onLocked: 'refuse',
  storageRetryTimeout: second,
  allowDroppedState: ['a'],
  missedBatches: 'skip',
  onOutputAhead: 'refuse',
  onClockBehind: 'wait',
  defaultParallelism: 2,
  threads: 1,
  blockInterval: second,
  eager: false,
  maxRate: 2,
  backpressure: { initialRate: 1, proportional: 1, integral: 1, derived: 1, minRate: 1 },
  maxBufferedRecords: 2,
  maxBufferedBytes: 2,
  onRecordError: 'skip',
  retry: { attempts: 1, backoff: second, maxBackoff: second },
  onFailure: 'skip',
  outputTimeout: second,
  maxBehind: 2,
  allowDroppedOutputs: ['a'],
  stopGracefullyOnShutdown: false,
  signal: new AbortController().signal,
  clock: new ManualClock(),
  storage: memoryStorage(),
  logger: { debug: same, info: same, warn: same, error: same },
}

/** One call for each option, whose value is then replaced. */
function eachOption(name: string, make: () => unknown, before: readonly unknown[], options: object): Call[] {
  return Object.entries(options).map(([option, value]): Call => {
    const target = (): object => {
      const made = make() as Target
      const call = (given: unknown): unknown => made[name]!(...before, { ...options, [option]: given })
      const wrapped = { [`${name}, ${option}`]: call }
      if (contexts.has(made)) contexts.set(wrapped, contexts.get(made)!)
      return wrapped
    }
    return [`${name}, ${option}`, target, [value]]
  })
}

const calls: Readonly<Record<string, readonly Call[]>> = {
  RDD: [
    ...['map', 'filter', 'tap', 'keyBy', 'mapPartitions', 'foreach', 'foreachPartition', 'max', 'min'].map(
      (name): Call => [name, numbers, [same]],
    ),
    ...['union', 'intersection', 'subtract', 'cartesian', 'zip'].map((name): Call => [name, numbers, [numbers()]]),
    ...['cogroup', 'join', 'leftOuterJoin', 'rightOuterJoin', 'fullOuterJoin'].map((name): Call => [
      name,
      pairs,
      [pairs(), partitioning],
    ]),
    ...['partitionBy', 'repartitionAndSortWithinPartitions'].map((name): Call => [
      name,
      pairs,
      [new HashPartitioner(2)],
    ]),
    ...['aggregate', 'treeAggregate'].map((name): Call => [name, numbers, [() => 0, plus, plus]]),
    ...['reduce', 'treeReduce'].map((name): Call => [name, numbers, [plus]]),
    ...['takeOrdered', 'top'].map((name): Call => [name, numbers, [2, same]]),
    ['flatMap', numbers, [list]],
    ['mapToPair', numbers, [pair]],
    ['flatMapToPair', numbers, [list]],
    ['mapValues', pairs, [same]],
    ['flatMapValues', pairs, [list]],
    ['mapPartitionsToPair', pairs, [same]],
    ['mapPartitionsWithIndex', numbers, [list]],
    ['mapAsync', numbers, [same, { concurrency: 2, timeout: second }]],
    ...eachOption('mapAsync', numbers, [same], mapAsyncOptions),
    ['repartition', numbers, [2]],
    ['coalesce', numbers, [2, { shuffle: true }]],
    ['distinct', numbers, [partitioning]],
    ['groupBy', numbers, [same, partitioning]],
    ['sample', numbers, [false, 0.5, 7]],
    ['randomSplit', numbers, [[1, 2], 7]],
    ['sortBy', numbers, [same, { ascending: true, numPartitions: 2 }]],
    ['sortByKey', pairs, [{ ascending: true }]],
    ['reduceByKey', pairs, [plus, partitioning]],
    ['groupByKey', pairs, [partitioning]],
    ['combineByKey', pairs, [same, plus, plus, partitioning]],
    ['aggregateByKey', pairs, [() => 0, plus, plus, partitioning]],
    ['subtractByKey', pairs, [pairs()]],
    ['take', numbers, [2]],
    ['takeSample', numbers, [false, 2, 7]],
    ['lookup', pairs, ['a']],
    ['histogram', numbers, [3]],
    ['foreachAsync', numbers, [same, { concurrency: 2 }]],
    ['saveAsTextFile', numbers, [path('text')]],
    ['saveAsObjectFile', numbers, [path('objects')]],
    ['filterByRange', pairs, ['a', 'b']],
    ['sampleByKey', pairs, [false, new Map([['a', 1]]), 7]],
    ['reduceByKeyLocally', pairs, [plus]],
  ],
  RDDContext: [
    ['parallelize', sc, [[1], partitioning]],
    ['range', sc, [0, 3, { step: 1, numPartitions: 2 }]],
    ['textFile', sc, [path('none'), partitioning]],
    ...['wholeTextFiles', 'binaryFiles'].map((name): Call => [name, sc, [path('none'), partitioning]]),
    ['objectFile', sc, [path('none')]],
    ['broadcast', sc, [1]],
    ...['longAccumulator', 'doubleAccumulator', 'collectionAccumulator'].map((name): Call => [name, sc, ['n']]),
    ['union', sc, [[numbers()]]],
    ['add', () => sc().longAccumulator('n'), [1]],
    ['add', () => sc().doubleAccumulator('n'), [1]],
  ],
  DStream: [
    ...['map', 'filter', 'tap', 'mapPartitions', 'transform', 'foreachRDD', 'foreachPartition'].map((name): Call => [
      name,
      stream,
      [same],
    ]),
    ...['cogroup', 'join', 'leftOuterJoin', 'rightOuterJoin', 'fullOuterJoin'].map((name): Call => [
      name,
      keyed,
      [keyed(), partitioning],
    ]),
    ...['saveAsTextFiles', 'saveAsObjectFiles'].map((name): Call => [name, stream, [path(name), 'txt']]),
    ...['countByValue', 'distinct'].map((name): Call => [name, stream, [partitioning]]),
    ...['reduceByKey', 'runningReduceByKey'].map((name): Call => [name, keyed, [plus, partitioning]]),
    ...['window', 'countByWindow'].map((name): Call => [name, stream, [second, second]]),
    ['uid', stream, ['a']],
    ['name', stream, ['a']],
    ['flatMap', stream, [list]],
    ['mapToPair', stream, [pair]],
    ['flatMapToPair', stream, [list]],
    ['mapPartitionsToPair', keyed, [same]],
    ['mapPartitionsWithIndex', stream, [list]],
    ['mapAsync', stream, [same, { concurrency: 2 }]],
    ...eachOption('mapAsync', stream, [same], mapAsyncOptions),
    ['repartition', stream, [2]],
    ['reduce', stream, [plus]],
    ['union', stream, [stream()]],
    ['transformToPair', keyed, [same]],
    ['transformWith', stream, [stream(), same]],
    ['branch', stream, [same, same]],
    ['top', stream, [2, same]],
    ['reduceByWindow', stream, [plus, second, second]],
    ['reduceByWindow', stream, [plus, plus, second, second]],
    ['countByValueAndWindow', stream, [second, second, partitioning]],
    ['mapValues', keyed, [same]],
    ['flatMapValues', keyed, [list]],
    ['groupByKey', keyed, [partitioning]],
    ['combineByKey', keyed, [same, plus, plus, partitioning]],
    ['groupByKeyAndWindow', keyed, [second, second, partitioning]],
    ['reduceByKeyAndWindow', keyed, [plus, second, second, partitioning]],
    ['reduceByKeyAndWindow', keyed, [plus, plus, second, second, partitioning]],
    ['updateStateByKey', keyed, [(values: unknown[]) => values.length, stateOptions]],
    ['updateStateByPartition', keyed, [() => [], stateOptions]],
    ['mapWithState', keyed, [() => 1, { ...stateOptions, timeout: second }]],
    ['dedupByKey', keyed, [{ ttl: second }]],
    ['checkpoint', stream, [second]],
    ['slice', stream, [0, 1000]],
    ['print', stream, [5, {}]],
    ['show', stream, ['posts', {}]],
    ['to', stream, [{ write: () => undefined, lastCommitted: () => undefined }, {}]],
    ...['foreachRDD', 'foreachPartition'].map((name): Call => [name, stream, [same, {}]]),
    ...['saveAsTextFiles', 'saveAsObjectFiles'].map((name): Call => [name, stream, [path(name), 'txt', {}]]),
    ...eachOption('foreachRDD', stream, [same], delivery),
    ...eachOption('foreachPartition', stream, [same], delivery),
    ...eachOption('print', stream, [5], delivery),
    ...eachOption('show', stream, ['posts'], {
      as: 'table',
      key: same,
      value: same,
      limit: 5,
      unit: 'posts',
      href: same,
    }),
    ...eachOption('foreachRDD', stream, [same], { retry: { attempts: 1 } }),
  ],
  StreamingContext: [
    ['receiverStream', ssc, [{}]],
    ['socketTextStream', ssc, ['localhost', 1, {}]],
    ...eachOption('socketTextStream', ssc, ['localhost', 1], { maxLineBytes: 10, codec: jsonLines() }),
    ['socketStream', ssc, ['localhost', 1, same]],
    ['rawSocketStream', ssc, ['localhost', 1]],
    ['queueStream', ssc, [[[1]], { oneAtATime: true, defaultRDD: [1] }]],
    ['fromAsyncIterable', ssc, [(async function* () {})()]],
    ['fromReadable', ssc, [{}]],
    ['fromEventEmitter', ssc, [{ on: same, off: same }, 'x']],
    ['textFileStream', ssc, [folder, { newFilesOnly: false }]],
    ...eachOption('textFileStream', ssc, [folder], { codec: jsonLines() }),
    ['tailFile', ssc, [path('none'), {}]],
    ...eachOption('tailFile', ssc, [path('none')], {
      from: 'end',
      onGap: 'skip',
      rotateWait: second,
      maxBytesPerBatch: 2,
    }),
    ['fileStream', ssc, [folder, list, {}]],
    ['binaryRecordsStream', ssc, [folder, 4, {}]],
    ['constantStream', ssc, [numbers()]],
    ['rateStream', ssc, [3]],
    ['fromSource', ssc, [{ initial: same, plan: same, read: list }]],
    ['union', ssc, [[stream()]]],
    ['transform', ssc, [[stream()], same]],
    ['checkpoint', ssc, [folder]],
    ['remember', ssc, [second]],
    ['stop', ssc, [{ gracefully: true, timeout: second }]],
    ['awaitTerminationOrTimeout', ssc, [second]],
    ['addStreamingListener', ssc, [{}]],
    ['removeStreamingListener', ssc, [{}]],
    ['on', ssc, ['batchCompleted', same]],
    ['off', ssc, ['batchCompleted', same]],
    ['getOrCreate', () => StreamingContext, [folder, ssc, {}]],
    ['getActive', () => StreamingContext, ['x']],
    ['getActiveOrCreate', () => StreamingContext, [ssc]],
    ['run', () => StreamingContext, [{ url: 'file:///job.js' }, { batchInterval: second }, same]],
  ],
  TestContext: [
    ...['input', 'inputPairs'].map((name): Call => [name, context, [[[['a', 1]]], partitioning]]),
    ['output', context, [stream()]],
    ['run', started, [1]],
    ['advance', started, [second]],
    ['until', started, [() => true, second]],
    ['crashAndRecover', started, [defineOutput, {}]],
  ],
  OutputOperation: [
    ['uid', () => context().input([[1]]).print(), ['a']], // prettier-ignore
  ],
  functions: [
    ...eachOption('fileSink', () => ({ fileSink }), [path('sink')], { encode: String, shared: true }),
    ...eachOption('redisSink', () => ({ redisSink }), [], { url: 'redis://localhost:1', key: 'a', write: same, attempts: 1, timeout: second }), // prettier-ignore
    ...eachOption('httpReceiver', () => ({ httpReceiver }), [], { port: 0, host: 'localhost', path: '/', auth: 'a', maxBody: 9, decode: list, rememberedKeys: 9, tls: {} }), // prettier-ignore
    ...eachOption('webhookSink', () => ({ webhookSink }), [], { url: 'http://localhost', method: 'PUT', headers: {}, encode: String, contentType: 'a/b', maxRecords: 9, sendEmpty: true, timeout: second }), // prettier-ignore
    ...eachOption('eventSource', () => ({ eventSource }), ['http://localhost'], {
      headers: {},
      lastEventId: '1',
      idleTimeout: second,
    }),
    ...eachOption('webSocket', () => ({ webSocket }), ['ws://localhost'], { protocols: 'a', onOpen: same, decode: same, position: same, idleTimeout: second, WebSocket: same }), // prettier-ignore
    ['httpReceiver', () => ({ httpReceiver }), [{}]],
    ['webhookSink', () => ({ webhookSink }), [{}]],
    ['eventSource', () => ({ eventSource }), ['http://localhost', {}]],
    ['webSocket', () => ({ webSocket }), ['ws://localhost', {}]],
    ...eachOption('postgresSink', () => ({ postgresSink }), [], { ...table, connection: 'postgres://localhost:1/x', mode: 'upsert', key: 'a', row: same, createTable: true, id: 'a', ledger: 'b', timeout: second, startTimeout: second }), // prettier-ignore
    ...eachOption('postgresSink', () => ({ postgresSink }), [], { ...table, pool: { connect: same } }),
    ...eachOption('postgresQuery', () => ({ postgresQuery }), [ssc()], { query: 'SELECT 1', values: [1], connection: 'postgres://localhost:1/x', row: same, every: second, timeout: second, startTimeout: second }), // prettier-ignore
    ...eachOption('sqliteSink', () => ({ sqliteSink }), [], { ...table, database: { exec: same, prepare: same }, mode: 'upsert', key: 'a', row: same, createTable: true, id: 'a', ledger: 'b', startTimeout: second }), // prettier-ignore
    ...eachOption('sqliteQuery', () => ({ sqliteQuery }), [ssc()], { query: 'SELECT 1', values: [1], database: { exec: same, prepare: same }, row: same, every: second }), // prettier-ignore
    ['sqliteSink', () => ({ sqliteSink }), [table]],
    ['sqliteQuery', () => ({ sqliteQuery }), [ssc(), { query: 'SELECT 1' }]],
    ['postgresSink', () => ({ postgresSink }), [table]],
    ['postgresQuery', () => ({ postgresQuery }), [ssc(), { query: 'SELECT 1' }]],
    ['deadLetter', () => ({ deadLetter }), [store, {}]],
    ...eachOption('deadLetter', () => ({ deadLetter }), [store], { ...delivery, order: 'batch' }),
    ['fileSink', () => ({ fileSink }), [path('sink'), {}]],
    ['redisSink', () => ({ redisSink }), [{}]],
    ['redisStream', () => ({ redisStream }), [ssc(), { key: 'a' }]],
    ...eachOption('redisStream', () => ({ redisStream }), [ssc()], { url: 'redis://localhost:1', key: 'a', from: 'end', group: 'g', decode: same, onGap: 'skip', maxPerBatch: 9, timeout: second }), // prettier-ignore
    ['readFileSink', () => ({ readFileSink }), [path('none')]],
    ['fileStorage', () => ({ fileStorage }), [path('storage')]],
    ['memoryStorage', () => ({ memoryStorage }), [{}]],
    ['runBatches', () => ({ runBatches }), [[[1]], same, { run: 1 }]],
    ['testRecovery', () => ({ testRecovery }), [defineOutput, [[1]], { crashAt: [] }]],
  ],
  Time: [
    ...['plus', 'minus', 'isMultipleOf'].map((name): Call => [name, () => time, [second]]),
    ...['less', 'lessEq', 'greater', 'greaterEq', 'equals', 'min', 'max'].map((name): Call => [
      name,
      () => time,
      [time],
    ]),
    ['floor', () => time, [second, time]],
    ['until', () => time, [time, second]],
    ['to', () => time, [time, second]],
  ],
  Duration: [
    ...['plus', 'minus', 'less', 'lessEq', 'greater', 'greaterEq', 'equals', 'isMultipleOf', 'min', 'max', 'div'].map(
      (name): Call => [name, () => second, [second]],
    ),
    ['times', () => second, [2]],
  ],
  StateSpec: [
    ['function', () => StateSpec, [same]],
    ['initialState', spec, [[['a', 1]]]],
    ['timeout', spec, [second]],
    ['numPartitions', spec, [2]],
    ['partitioner', spec, [new HashPartitioner(2)]],
    ['version', spec, [2, same]],
  ],
  HashPartitioner: [
    ['equals', () => new HashPartitioner(2), [new HashPartitioner(2)]],
    ['getPartition', () => new HashPartitioner(2), ['a']],
  ],
  constructors: [
    ['construct', () => made(StreamingContext), [{ batchInterval: second }]],
    ...eachOption('construct', () => made(StreamingContext), [], contextOptions),
    ...eachOption('construct', () => made(TestContext), [], { batchInterval: second, startTime: time }),
    ['construct', () => made(RDDContext), [{ defaultParallelism: 2 }]],
    ['construct', () => made(HashPartitioner), [2]],
    ['construct', () => made(Duration), [2]],
    ['construct', () => made(Time), [2]],
    ['construct', () => made(StatsReportListener), [{ numBatches: 3 }]],
    ['construct', () => made(TestContext), [{ batchInterval: second }]],
  ],
}

function started(): TestContext {
  const t = context()
  defineOutput(t, t.input([[1]]))
  return t
}

function defineOutput(t: TestContext, input?: DStream<unknown>): void {
  t.output(input ?? t.input([[1]]))
}

function spec(): unknown {
  return StateSpec.function(() => 1)
}

function made(type: unknown): object {
  const Type = type as new (...args: readonly unknown[]) => object
  return { construct: (...args: readonly unknown[]) => void new Type(...args) }
}

describe.each(Object.entries(calls))('%s', (_, ofClass) => {
  test.each(ofClass)('%s', async (...call) => {
    expect(await faultsOf(call)).toEqual([])
  })
})

// A zero may be any value, and its function then fails on it. The others are internal.
const EXEMPT: Readonly<Record<string, readonly string[]>> = {
  RDD: ['fold', 'foldByKey', 'label', 'groupByKeyTransient', 'reduceByKeyTransient', 'replacePartitions', 'observedBy', 'checkedBy', 'kept', 'handedOut', 'reduced', 'callPartitions', 'saveAs'], // prettier-ignore
  StreamingContext: ['addSource', 'planResume', 'serveTasks'],
}

test.each(
  Object.entries({
    RDD,
    RDDContext,
    DStream,
    StreamingContext,
    TestContext,
    Time,
    Duration,
    StateSpec,
    HashPartitioner,
  }),
)('no method of %s is left out', (name, type) => {
  const covered = new Set([...calls[name]!.map(([method]) => method), ...(EXEMPT[name] ?? [])])
  const methods = Object.entries(Object.getOwnPropertyDescriptors(type.prototype))
    .filter(([method, { value }]) => method !== 'constructor' && takesArguments(value))
    .map(([method]) => method)
  expect(methods.filter((method) => !covered.has(method))).toEqual([])
})

function takesArguments(method: unknown): boolean {
  return typeof method === 'function' && /^[^(]*\(\s*[^)\s]/.test(Function.prototype.toString.call(method))
}
