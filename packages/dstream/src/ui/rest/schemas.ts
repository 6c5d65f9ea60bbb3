import { ANYTHING, arrayOf, BOOLEAN, INTEGER, mapOf, named, NUMBER, objectOf, STRING, type Schema } from './schema.js'

const BATCH_STATUS: Schema = { type: 'string', enum: ['QUEUED', 'PROCESSING', 'COMPLETED'] }
const PHASE: Schema = {
  type: 'string',
  enum: ['starting', 'catching-up', 'running', 'stopping', 'stopped', 'failed'],
}

const ATTEMPT = objectOf({ startTime: STRING, startTimeEpoch: INTEGER, duration: INTEGER, completed: BOOLEAN })

const SPARK: Readonly<Record<string, Schema>> = {
  Refusal: objectOf({ status: INTEGER, message: STRING }),
  Application: objectOf({ id: STRING, name: STRING, attempts: arrayOf(ATTEMPT) }),
  Statistics: objectOf({
    startTime: STRING,
    batchDuration: INTEGER,
    numReceivers: INTEGER,
    numActiveReceivers: INTEGER,
    numInactiveReceivers: INTEGER,
    numTotalCompletedBatches: INTEGER,
    numRetainedCompletedBatches: INTEGER,
    numActiveBatches: INTEGER,
    numProcessedRecords: INTEGER,
    numReceivedRecords: INTEGER,
    'avgInputRate?': NUMBER,
    'avgSchedulingDelay?': NUMBER,
    'avgProcessingTime?': NUMBER,
    'avgTotalDelay?': NUMBER,
  }),
  Receiver: objectOf({
    streamId: INTEGER,
    streamName: STRING,
    'isActive?': BOOLEAN,
    'executorId?': STRING,
    'executorHost?': STRING,
    'lastErrorTime?': STRING,
    'lastErrorMessage?': STRING,
    'lastError?': STRING,
    'avgEventRate?': NUMBER,
    eventRates: arrayOf({ type: 'array', items: NUMBER, minItems: 2, maxItems: 2 }),
  }),
  Batch: objectOf({
    batchId: INTEGER,
    batchTime: STRING,
    status: BATCH_STATUS,
    batchDuration: INTEGER,
    inputSize: INTEGER,
    'schedulingDelay?': INTEGER,
    'processingTime?': INTEGER,
    'totalDelay?': INTEGER,
    numActiveOutputOps: INTEGER,
    numCompletedOutputOps: INTEGER,
    numFailedOutputOps: INTEGER,
    numTotalOutputOps: INTEGER,
    'firstFailureReason?': STRING,
  }),
  Operation: objectOf({
    outputOpId: INTEGER,
    name: STRING,
    description: STRING,
    'startTime?': STRING,
    'endTime?': STRING,
    'duration?': INTEGER,
    'failureReason?': STRING,
    jobIds: arrayOf(INTEGER),
    attempts: INTEGER,
  }),
}

const OPERATOR_OF_BATCH = {
  id: STRING,
  name: STRING,
  'recordsIn?': INTEGER,
  'recordsOut?': INTEGER,
  'spentMs?': NUMBER,
  'loop?': STRING,
}

const PLAN_NODE = objectOf({
  ...OPERATOR_OF_BATCH,
  kind: STRING,
  parents: arrayOf(STRING),
  params: mapOf(ANYTHING),
  slideMs: INTEGER,
  rememberMs: INTEGER,
  stateful: BOOLEAN,
  output: BOOLEAN,
  source: BOOLEAN,
  'outputIndex?': INTEGER,
  definedAt: objectOf({ short: STRING, long: STRING }),
  'keys?': INTEGER,
  'bytes?': INTEGER,
  'rememberedBatches?': INTEGER,
  'lastDurationMs?': INTEGER,
})

const TABLE = { id: STRING, operator: STRING, table: STRING, keys: INTEGER, bytes: INTEGER }
const BUFFER = objectOf({ records: INTEGER, bytes: INTEGER, 'maxRecords?': INTEGER, 'maxBytes?': INTEGER })
const PENDING = objectOf({ id: STRING, pendingBatches: INTEGER, pendingBytes: INTEGER, skippedBatches: INTEGER })
const WRITES = objectOf({
  group: STRING,
  writes: INTEGER,
  bytes: INTEGER,
  failures: INTEGER,
  totalMs: NUMBER,
  lastMs: NUMBER,
  lastBytes: INTEGER,
  lastTime: INTEGER,
})
const ROW = objectOf({ cells: arrayOf({ type: ['string', 'number'] }), 'href?': STRING })

const OF_JOB: Readonly<Record<string, Schema>> = {
  OperatorOfBatch: objectOf(OPERATOR_OF_BATCH),
  Plan: objectOf({ version: INTEGER, 'batchTime?': INTEGER, nodes: arrayOf(PLAN_NODE) }),
  StateTable: objectOf({ ...TABLE, updated: INTEGER, removed: INTEGER }),
  StateAnswer: objectOf({
    batchTime: INTEGER,
    keys: INTEGER,
    scanned: INTEGER,
    rows: arrayOf(objectOf({ key: STRING, value: STRING })),
  }),
  Progress: objectOf({
    phase: PHASE,
    'failure?': STRING,
    remainingBatches: INTEGER,
    bufferedRecords: INTEGER,
    'estimatedMs?': INTEGER,
    work: arrayOf(
      objectOf({
        name: STRING,
        done: NUMBER,
        'total?': NUMBER,
        unit: STRING,
        sinceMs: NUMBER,
        'remainingMs?': NUMBER,
      }),
    ),
    'lastProgress?': named('BatchProgress'),
  }),
  BatchProgress: objectOf({
    batchTime: INTEGER,
    numInputRecords: INTEGER,
    inputRowsPerSecond: NUMBER,
    processedRowsPerSecond: NUMBER,
    durationMs: objectOf({ allocate: INTEGER, evaluate: INTEGER, commit: INTEGER, forget: INTEGER, total: INTEGER }),
    sources: arrayOf(objectOf({ inputStreamId: INTEGER, numRecords: INTEGER, metadata: mapOf(ANYTHING) })),
    skippedRecords: mapOf(INTEGER),
    stateOperators: arrayOf(objectOf({ id: STRING, keys: INTEGER, updated: INTEGER, removed: INTEGER })),
    outputs: arrayOf(PENDING),
  }),
  Source: objectOf({
    streamId: INTEGER,
    name: STRING,
    operator: STRING,
    hasReceiver: BOOLEAN,
    active: BOOLEAN,
    lastErrorTime: INTEGER,
    lastErrorMessage: STRING,
    lastError: STRING,
    'buffer?': BUFFER,
    'rateLimit?': NUMBER,
    'lag?': objectOf({ 'records?': INTEGER, 'bytes?': INTEGER, 'files?': INTEGER }),
    'files?': objectOf({
      read: INTEGER,
      numPassedOver: INTEGER,
      passedOver: arrayOf(objectOf({ path: STRING, reason: STRING })),
    }),
    records: INTEGER,
    restarts: INTEGER,
    errors: INTEGER,
    'position?': STRING,
    'lastInput?': STRING,
  }),
  Output: objectOf({
    id: STRING,
    index: INTEGER,
    name: STRING,
    attempts: INTEGER,
    failures: INTEGER,
    pendingBatches: INTEGER,
    pendingBytes: INTEGER,
    skippedBatches: INTEGER,
    'lastDurationMs?': INTEGER,
    'lastFailureReason?': STRING,
    'lastFailureTime?': INTEGER,
  }),
  Storage: objectOf({
    durable: BOOLEAN,
    'location?': STRING,
    'writes?': arrayOf(WRITES),
    'restart?': objectOf({
      kept: arrayOf(STRING),
      migrated: arrayOf(STRING),
      new: arrayOf(STRING),
      dropped: arrayOf(STRING),
      'refusal?': STRING,
    }),
    'lastCommitted?': INTEGER,
    'lastCommitMs?': INTEGER,
    tables: arrayOf(objectOf(TABLE)),
    pendingOutputs: arrayOf(PENDING),
  }),
  Environment: objectOf({
    options: mapOf(STRING),
    versions: mapOf(STRING),
    process: objectOf({ pid: INTEGER, uptimeSeconds: INTEGER, argv: arrayOf(STRING) }),
  }),
  Panel: objectOf({
    name: STRING,
    form: { type: 'string', enum: ['table', 'bars', 'line', 'number', 'pictures', 'log'] },
    'unit?': STRING,
    limit: INTEGER,
    index: INTEGER,
    columns: arrayOf(STRING),
    batches: arrayOf(objectOf({ batchTime: INTEGER, rows: arrayOf(ROW) })),
    version: INTEGER,
  }),
  Health: objectOf({
    status: STRING,
    'jobs?': arrayOf(objectOf({ job: STRING, ready: BOOLEAN, reasons: arrayOf(STRING) })),
  }),
}

/** The schemas of all answers by name. */
export const SCHEMAS: Readonly<Record<string, Schema>> = { ...SPARK, ...OF_JOB }
