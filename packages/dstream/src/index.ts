// The contents of dstream, in the order in which a record meets them.

// ── time ───────────────────────────────────────────────────────────────────────────────────────────────────────────
export { Duration, Milliseconds, Minutes, Seconds } from './base/time/duration.js'
export { Time } from './base/time/time.js'
export type { Clock, Logger, Storage } from './base/ports.js'

// ── keys ───────────────────────────────────────────────────────────────────────────────────────────────────────────
export type { Key } from './base/keys/key.js'
export { HashPartitioner } from './base/keys/partitioner.js'
export type { Partitioner, PartitionOptions } from './base/keys/partitioner.js'

// ── context ────────────────────────────────────────────────────────────────────────────────────────────────────────
export { StreamingContext } from './api/streaming-context.js'
export type { StreamingContextState } from './api/streaming-context.js'
export type { BackpressureOptions, StreamingContextOptions } from './api/context-options.js'
export { collectJobs, definedJobs } from './api/job.js'
export type { Job, JobModule } from './api/job.js'

// ── receiving ──────────────────────────────────────────────────────────────────────────────────────────────────────
export { Receiver } from './input/receive/receiver.js'
export type { ReceiverOptions, StoreBlockOptions } from './input/receive/receiver.js'
export type { Codec } from './base/codec.js'
export type { FileFormat } from './base/file-format.js'
export { jsonLines } from './base/lines/json-lines.js'
export type { JsonFields, JsonLinesOptions } from './base/lines/json-lines.js'
export type { InputSource, SourceHome } from './input/sources/input-source.js'
export type { Emitter } from './input/sources/event-emitter.js'
export type { FileStreamOptions, TextFileOptions } from './input/sources/file-input.js'
export { splitsOf } from './input/sources/source.js'
export type { ReadOptions, Source, SourceHost, SourceLag, SourceSplit, SplitSource } from './input/sources/source.js'
export type { TailFileOptions } from './input/sources/tail-file.js'
export type { QueueOptions } from './input/sources/queue.js'
export type { SocketTextOptions } from './input/sources/socket-text.js'

// ── streams ────────────────────────────────────────────────────────────────────────────────────────────────────────
export { DStream } from './api/dstream.js'
export type { KeyOf, MapWithStateStream, StateStream, StreamContext, ValueOf } from './api/dstream.js'
export { MapWithStateDStream, StateDStream } from './api/state-dstream.js'
export type { StateOptions } from './streams/operators/internal/state-options.js'
export type { State } from './streams/operators/internal/state.js'
export { StateSpec } from './streams/operators/internal/state-spec.js'
export type { StateView } from './streams/state/view.js'

// ── batches ────────────────────────────────────────────────────────────────────────────────────────────────────────
export { RDD } from './rdd/rdd.js'
export type { RDDFactory, SortOptions } from './rdd/rdd.js'
export type { Accumulator } from './rdd/accumulator.js'
export type { Broadcast } from './rdd/broadcast.js'
export { RDDContext } from './rdd/rdd-context.js'
export { textForm } from './rdd/text-form.js'
export type { PartitionContext } from './rdd/plan/partition-context.js'
export type { Attempt, FailedBatch, FailureAction, OnFailure } from './streams/graph/output.js'
export type { OutputOptions, RetryOptions } from './output/delivery/delivery-policy.js'
export type { OutputOperation } from './api/output-operation.js'
export type { Batch } from './output/outputs/batches.js'
export type {
  DirectSink,
  PreparedBatch,
  Sink,
  SinkBatch,
  SinkHost,
  SinkPartition,
  TwoPhaseSink,
} from './output/outputs/sink.js'
export type { ShowAs, ShowOptions } from './output/outputs/show.js'
export { deadLetter } from './api/dead-letters.js'
export type { DeadLetter } from './input/sources/dead-letters.js'
export type { DeadLetterTarget } from './base/dead-letter-target.js'
export type { CallRetryOptions, MapAsyncOptions } from './rdd/transformations/map-async.js'

// ── looking in ─────────────────────────────────────────────────────────────────────────────────────────────────────
export type {
  BatchInfo,
  OutputOperationInfo,
  ReceiverInfo,
  SkippedRecords,
  StreamingEvents,
  StreamingListener,
  StreamInputInfo,
} from './observe/events.js'
export type { BatchProgress, ProgressTotals } from './observe/progress.js'
export { StatsReportListener } from './api/stats-report-listener.js'
export type { StatsReportOptions } from './api/stats-report-listener.js'
export type { Plan, PlanNode } from './streams/graph/plan.js'
export type { UiOptions } from './ui/ui-options.js'
export { DStreamError } from './base/errors/base.js'
export { RecordError } from './base/record-error.js'
export { crashPoints } from './base/crash-points.js'
