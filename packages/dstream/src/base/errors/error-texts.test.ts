import { expect, test } from 'vitest'
import type { DStreamError } from './base.js'
import * as checkpoint from './checkpoint.js'
import * as context from './context.js'
import * as graph from './graph.js'
import * as keys from './keys.js'
import * as options from './options.js'
import * as outputs from './outputs.js'
import * as rdd from './rdd.js'
import * as receive from './receive.js'
import * as sinks from './sinks.js'
import * as state from './state.js'
import * as storage from './storage.js'
import * as time from './time.js'
import * as ui from './ui.js'

const modules = { checkpoint, context, graph, keys, options, outputs, rdd, receive, sinks, state, storage, time, ui }

const disk = Object.assign(new Error('EIO: i/o error, write'), { code: 'EIO' })
const away = new Error('connect ECONNREFUSED 127.0.0.1:6379')
const path = ['posts', 3, 'author']
const owner = { pid: 4711, host: 'worker-7', since: '2026-01-02T03:04:05.000Z' }
const pending = [{ output: 'print#1', from: 5000, until: 9000 }]

/** Name of the function that makes the error, its arguments, and what its text shows of them. */
type Sample = readonly [make: string, args: readonly unknown[], shown?: readonly (string | number)[]]

/** Every error of the library at least once, and every branch of its text. */
const samples: readonly Sample[] = [
  ['promiseReturned', ['map']],
  ['deadLettersNotAttached', []],
  ['tailGap', ['access.log', 'the rest of it']],
  ['promiseReturned', ['foreach', 'an AsyncGenerator']],
  ['decisionIsPromise', [new Error('no number')], []],
  ['stateChangedInPlace', ['totals', 'a']],
  ['outputAhead', ['files', 9000, 5000, 12_000]],
  ['versionUnknown', ['totals', 1, 2]],
  ['noBatchInterval', []],
  ['alreadyActive', ['wordcount', 'job.js:3:5']],
  ['alreadyStopped', []],
  ['stoppedBeforeStart', ['wordcount']],
  ['rememberTwice', [60_000]],
  ['stopTimedOut', [3000, 17, ['redis']]],
  ['stopTimedOut', [3000, 17]],
  ['stopTimedOut', [3000, 0, ['redis', 'files']]],
  ['stopAborts', []],
  ['tooFarBehind', ['totals', 1001]],
  ['advanceTheClock', []],
  ['waitsForItself', []],
  ['noCheckpointToRead', ['/data/words', disk]],
  ['noContextCreated', ['StreamingContext.getOrCreate', 42]],
  ['contextOfAnotherCopy', ['StreamingContext.getOrCreate']],
  ['notAJob', [42]],
  ['jobNotLoaded', ['job.ts', new Error('Cannot find module lodash')]],
  ['typeScriptNotLoadable', ['v20.19.0']],
  ['noFileSystem', ['hdfs://name:8020/words']],
  ['noFileSystemToSave', ['hdfs://name:8020/words-1000']],
  ['directoryElsewhere', ['.checkpoint/words']],
  ['noCluster', ['local[2]']],
  ['noJobDefined', ['job.js', []]],
  ['noJobDefined', ['job.js', ['a.js', 'b.js']], ['job.js', 2]],
  ['idTaken', ['totals', 'job.js:3:5', 'job.js:9:5']],
  ['noOutputs', []],
  ['addingTooLate', ['ACTIVE', 'map'], ['map', 'starting']],
  ['addingTooLate', ['STOPPED', 'map'], ['map', 'stopping']],
  ['changingTooLate', ['the name']],
  ['notAMultiple', ['window', 2500, 'reduceByWindow', 1000]],
  ['notAMultiple', ['slide', 500, 'window', 1000]],
  ['differentSlides', ['union', [1000, 3000]]],
  ['differentContexts', ['union']],
  ['noStreams', ['union']],
  ['checkpointTooOften', ['totals', 500, 1000]],
  ['checkpointNotMultiple', ['totals', 2500, 1000]],
  ['noCheckpointDir', ['totals']],
  ['noParentRDD', ['union', 'words', 5000]],
  ['noParentRDD', ['map', 'words', 5000]],
  ['nullTransform', ['transform', 'undefined']],
  ['noRDDReturned', ['transform', 42]],
  ['noRDDReturned', ['transform', { [Symbol.for('dstream.DStream')]: true }], ['transform', 'a DStream']],
  ['notInitialized', ['words']],
  ['sliceForgotten', ['words', 5000, 60_000]],
  ['notAStream', ['union', 42], ['Union', 42]],
  ['notStreams', ['union', 42], ['Union', 42]],
  ['notStreams', ['union', [1, { [Symbol.for('dstream.rdd')]: true }]], ['Union', '[1, an RDD]']],
  ['keyNotAllowed', [{ a: 1 }, undefined], ['{"a":1}', 'undefined']],
  ['keyNotAllowed', [undefined, undefined]],
  ['keyNotAllowed', [[new Date(0)], new Date(0)], ['Date', '1970']],
  ['keyNotAllowed', [['k', new Uint8Array(1)], new Uint8Array(1)], ['Uint8Array']],
  ['keyNotAllowed', [['k', new Set()], new Set()], ['Set']],
  ['keyNotAllowed', [['k', { equals: 1, hashCode: 2 }], { equals: 1, hashCode: 2 }], ['plain object']],
  ['keyNotAllowed', [{ a: 1 }, { a: 1 }], ['plain object']],
  ['keyNotAllowed', [() => 1, () => 2], ['function']],
  ['keyTooDeep', []],
  ['keyWithoutEnd', []],
  ['keyStillMutable', ['List [ 1 ]']],
  ['mixedOrder', ['a', 1]],
  ['mixedOrder', [null, 1]],
  ['noOrder', [{ a: 1 }], ['{"a":1}']],
  ['noOrder', [undefined]],
  ['badPartition', ['k', 9, 4], ['"k"', 9, 3]],
  ['badPartitioner', ['partitionBy', 42]],
  ['partitionsDisagree', ['reduceByKey', 4, 8]],
  ['unknownOption', ['new StreamingContext', 'bathInterval', 'batchInterval', []]],
  ['unknownOption', ['countByValue', 'x', undefined, ['numPartitions']]],
  ['unknownOption', ['count', 'x', undefined, []]],
  ['unknownEvent', ['ssc.on', 'batchComplete', 'batchCompleted', []]],
  ['unknownEvent', ['ssc.on', 'x', undefined, ['batchStarted', 'batchCompleted']]],
  ['notOptions', ['reduceByKey', 42, ['numPartitions']]],
  ['notOptions', ['count', 42, []]],
  ['badOption', ['reduceByKey', 'numPartitions', 'a whole number of at least 1', 0]],
  ['optionsBesideSpec', [{ numPartitions: 2 }], ['{"numPartitions":2}']],
  ['sparseRecords', ['queueStream', 3, 1234], ['queueStream', 3, '1,234']],
  ['deliveryTimedOut', ['redis', 5000, 30_000]],
  ['deliveryNeverSettled', ['redis', 5000, 30_000, disk]],
  ['outputTooFarBehind', ['redis', 512, 256]],
  ['outputInputMissing', ['redis', 5000]],
  ['batchNotPending', ['redis', 5000, []], ['redis', 5000]],
  ['batchNotPending', ['redis', 5000, pending], ['redis', 5000, 'print#1', 9000]],
  ['pendingOutputsGone', [[{ output: 'redis', batches: 3 }]], ['"redis" (3)']],
  ['outputsLost', [[{ output: { id: 'redis' }, time: 5000 }]], ['"redis"', 5000]],
  ['contextClosed', []],
  ['notAPair', ['reduceByKey', 42]],
  ['notIterable', ['flatMap', 42]],
  ['notIterable', ['flatMap', 'words']],
  ['emptyCollection', ['reduce']],
  ['zeroIsNoFunction', ['fold', 0]],
  ['asyncTimedOut', [3000]],
  ['noFiles', ['textFile']],
  ['unequalPartitions', [2, 3]],
  ['unequalParts', [1, 2, 3]],
  ['notAnRDD', ['union', 42]],
  ['notANumber', ['sum', 'words']],
  ['ranEarly', ['The accumulator hits']],
  ['badHistogram', ['buckets must be ascending, not [2, 1]'], ['[2, 1]']],
  ['broadcastDestroyed', [7]],
  ['notAttached', ['store']],
  ['notAReceiver', [42]],
  ['receiverInUse', ['Feed']],
  ['receiverStopped', ['Feed']],
  ['bufferFull', ['records', 2000, 1000], ['records', 2000, 1000, 'maxBufferedRecords']],
  ['bufferFull', ['bytes', 2000, 1000], ['bytes', 2000, 1000, 'maxBufferedBytes']],
  ['blockNotStored', ['1-5000', disk]],
  [
    'partNotStorable',
    ['position', storage.notStorable(path, 'a function cannot be stored')],
    ['position', '.posts[3].author'],
  ],
  ['blocksLost', ['Feed', 2, 17, disk]],
  ['lineTooLong', [1024]],
  ['frameTooLong', [4096, 1024]],
  ['unusedByte', []],
  ['frameCutOff', [12]],
  ['badPid', ['Proportional term', 'positive', -1]],
  ['queueCannotChange', []],
  ['queueNotRecoverable', []],
  ['badPosition', ['initial', { at: NaN }, NaN], ['initial', 'NaN']],
  ['badPosition', ['plan', NaN, NaN]],
  ['badPosition', ['plan', 'x', 'x']],
  ['badSplits', [42]],
  ['fileNotRead', ['in/a.txt', 5000, disk]],
  ['fileRecordNotRead', ['in/a.csv', new Error('got 1 on line 3')]],
  ['fileNotDecompressed', ['in/a.gz', 'gzip', new Error('incorrect header check')]],
  ['noZstandard', ['in/a.zst', 'v20.19.0']],
  ['binaryRest', [10, 4]],
  ['fileLineTooLong', [1024]],
  ['jsonNotAnObject', [[1, 2]]],
  ['sinkInUse', ['fileSink(out)']],
  ['sinkNotOpen', ['fileSink(out)']],
  ['manifestMissing', ['out', 'batch-5000.jsonl', 'manifest.log']],
  ['manifestDamaged', ['out', 'manifest.log', 20, 'there is no good frame here']],
  ['sinkFileDamaged', ['out', 'batch-5000.jsonl', 'it has 3 bytes, not 5']],
  ['badEncoding', [42]],
  ['notASavedDirectory', ['out', 'notes.txt']],
  ['partMissing', ['hdfs://name:8020/words-1000', 3, '1d3f7f3c']],
  ['isAFile', ['out']],
  ['nothingToLoad', ['in/*.txt']],
  ['recordNotSavable', [17, path, 'a function cannot be stored'], [17, '.posts[3].author', 'function']],
  ['objectFileDamaged', ['part-00000', 20]],
  ['ioredisMissing', ['redisSink', away], ['npm install ioredis']],
  ['redisAway', ['write the batch of 5000 ms', '127.0.0.1:6379', 3, away, 'The next batch tries again']],
  ['tailGap', ['/var/log/access.log', 'what was written to the file behind byte 17']],
  ['deadLettersNotAttached', []],
  ['redisRefused', ['write the batch of 5000 ms', '127.0.0.1:6379', new Error('WRONGPASS invalid password')]],
  ['redisCommandFailed', [5000, 2, new Error('WRONGTYPE not a list')], [5000, 3, 'WRONGTYPE']],
  ['redisOvertaken', ['dstream:words', 5000]],
  ['redisKeyTaken', ['dstream:words', 'list']],
  ['redisKeyTaken', ['dstream:words', 'hash', 'x'], ['dstream:words', '"x"']],
  ['transactionEnded', []],
  ['stateNotData', [Promise.resolve(1), 'Promise'], ['Promise']],
  ['stateNotData', [42, 'function']],
  ['promiseEmitted', ['mapWithState']],
  ['stateWithPrivateFields', ['Counter']],
  ['stateVersionForgotten', [5000, 9000]],
  ['stateViewReleased', [5000]],
  ['stateOutOfOrder', [5000, 9000]],
  ['stateNotOpen', ['update']],
  ['stateNotEmpty', []],
  ['stateNotSet', ['anna']],
  ['updateAfterRemove', ['anna']],
  ['updateWhileTimingOut', ['anna']],
  ['removeTwice', ['anna']],
  ['removeWhileTimingOut', ['anna']],
  ['stateOutsideCall', ['anna']],
  ['updateWithNothing', ['anna']],
  ['newerFormat', ['journal/7.log', 2, 1]],
  ['stateNotStorable', ['totals', 'anna', path, 'a function cannot be stored'], ['totals', 'anna', '.posts[3].author']],
  ['stateNotStorable', ['totals', 'anna', [], 'a function cannot be stored'], ['totals', 'anna']],
  [
    'recordNotStorable',
    ['words', 'a received record', path, 'a symbol cannot be stored'],
    ['words', '.posts[3].author'],
  ],
  ['notStorable', [path, 'a symbol cannot be stored'], ['.posts[3].author', 'symbol']],
  ['storageLocked', ['/data/words', owner, false], ['/data/words', 4711, 'worker-7', owner.since]],
  ['storageLocked', ['/data/words', owner, true], ['/data/words', owner.since]],
  ['storageLocked', ['/data/words', undefined, false]],
  ['lockLost', ['/data/words', true], ['/data/words']],
  ['lockLost', ['/data/words', false], ['/data/words']],
  ['storageFailed', ['write', 'journal/7.log', disk]],
  [
    'storageFailed',
    ['write', 'journal/7.log', Object.assign(new Error('x'), { code: 'ENOSPC' })],
    ['journal/7.log', 'ENOSPC'],
  ],
  [
    'storageFailed',
    ['write', 'journal/7.log', Object.assign(new Error('x'), { code: 'EACCES' })],
    ['journal/7.log', 'EACCES'],
  ],
  ['fileNotTrusted', ['journal/7.log']],
  ['fileChanged', ['journal/7.log', 100, 90]],
  ['fileChanged', ['journal/7.log', 100, undefined], ['journal/7.log', 'gone']],
  ['badFileName', ['../x']],
  ['storageNotADirectory', ['/data/words']],
  ['checkpointExists', []],
  ['codecUnknown', [3, 'words', 'gzip']],
  ['duplicateBlock', [3, '1-5000']],
  ['blockMissing', [5000, 3, '1-5000']],
  ['migrationFailed', ['totals', 'anna', 1, 2, new Error('no field name')]],
  ['notADuration', ['window', 30]],
  ['notADuration', ['window', 'a minute']],
  ['notATime', ['slice', 'now']],
  ['notWholeMilliseconds', ['Milliseconds', 1.5]],
  ['durationNotPositive', ['window', -1000]],
  ['notANumberOfTimes', ['two']],
  ['uiNeedsToken', ['0.0.0.0']],
  ['uiNotOpened', ['127.0.0.1', 4040, disk]],
  ['uiShared', ['127.0.0.1', 4040, 'auth']],
]
const makers: Readonly<Record<string, (...args: readonly unknown[]) => DStreamError>> = Object.assign(
  {},
  ...Object.values(modules),
)

/** Exports of the modules that make no text of their own. */
const others = ['DamagedError', 'watchedLock', 'checkpointMismatch']

/** Texts that follow the colon of another error. */
const fragments = ['typeScriptNotLoadable', 'notStorable', 'binaryRest', 'fileLineTooLong', 'blockMissing']

/** Texts whose cause says what to do, and those after which there is nothing to do. */
const withoutCure = [
  ...['jobNotLoaded', 'fileNotRead', 'fileRecordNotRead', 'storageFailed', 'blockMissing'],
  ...['stoppedBeforeStart', 'stopAborts', 'batchNotPending'],
]

/** The beginning of a text by the name of an API, or by a value of the language, which keep their case. */
const NAME = /^(?:[a-z]+[A-Z]|\w+: |new |null |undefined )/

const VERBS =
  'add|advance|ask|await|begin|bring|broadcast|call|check|choose|convert|decide|define|drop|end|extend|free|give|heed|install|join|' +
  'keep|let|load|make|map|mend|move|pass|put|raise|read|remove|repartition|restore|resume|return|round|run|save|set|sort|split|start|stop|store|take|use|wait'
/** A clause that begins with a verb, or names the accepted values. */
const CURE = new RegExp(
  `(?:[.;:,] |\\bso |\\bplease )(?:${VERBS})\\b|\\b(?:must|needs|takes|should be|options are)\\b|did you mean|it knows|opens it at start`,
  'i',
)

function sentencesOf(message: string): readonly string[] {
  return message.split(/(?<=[\w)\]'"`])\. (?=[A-Z'"])/)
}

test('every error has a sample', () => {
  const missing = Object.keys(makers).filter((name) => !samples.some(([make]) => make === name))
  expect(missing).toEqual(others)
})

test.each(samples.map(([make, args, shown]) => [make, args, shown] as const))(
  '%s(%j) keeps the grammar of error texts',
  (make, args, shown) => {
    const { message } = makers[make]!(...args)
    const values = args.filter((arg) => typeof arg === 'string' || typeof arg === 'number')
    const [first = '', ...more] = sentencesOf(message)
    const isNamed = NAME.test(first) || values.some((value) => first.startsWith(String(value)))
    if (!isNamed && !fragments.includes(make)) expect.soft(first, 'sentence case').toMatch(/^[A-Z"\d]/)
    for (const sentence of more) expect.soft(sentence, 'sentence case').toMatch(/^[A-Z'"]/)
    expect.soft(message, 'no full stop at the end, and none twice').not.toMatch(/\.$|(?<!\.)\.\.(?![./])/)
    for (const value of shown ?? values) expect.soft(message, 'the value is shown').toContain(String(value))
    if (!withoutCure.includes(make)) expect.soft(message, 'what to do').toMatch(CURE)
  },
)
