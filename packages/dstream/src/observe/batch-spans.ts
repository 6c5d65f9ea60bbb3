import type { Context, Span, Tracer } from '@opentelemetry/api'
import type { OutputOperationInfo, StreamingEvents, StreamingListener } from './events.js'

/** The part of OpenTelemetry's API that spans are made with. */
export interface Telemetry {
  readonly tracer: Tracer
  /** Returns a context in which new spans are children of a span. */
  childrenOf(span: Span): Context
}

/** The status code for an error in OpenTelemetry's API. */
const ERROR = 2

/** Makes a span of each batch, with a child for each source and for each attempt of an output. */
export class BatchSpans implements StreamingListener {
  readonly #telemetry: Telemetry
  readonly #job: string
  /** The batches under way, by time. */
  readonly #batches = new Map<number, Span>()
  /** The attempts under way, by batch time and output. */
  readonly #outputs = new Map<string, Span>()

  constructor(telemetry: Telemetry, job: string) {
    this.#telemetry = telemetry
    this.#job = job
  }

  /** Returns the header by which another process makes its spans children of an attempt that is under way. */
  traceparent(output: number, batchTime: number): string | undefined {
    const span = this.#outputs.get(keyOf({ id: output, batchTime }))
    if (span === undefined) return undefined
    const { traceId, spanId, traceFlags } = span.spanContext()
    return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`
  }

  onBatchSubmitted({ batchInfo: { batchTime, submissionTime } }: StreamingEvents['batchSubmitted']): void {
    const attributes = { 'dstream.job': this.#job, 'dstream.batch.time': batchTime }
    const span = this.#telemetry.tracer.startSpan('dstream batch', { startTime: submissionTime, attributes })
    this.#batches.set(batchTime, span)
  }

  onBatchCompleted({ batchInfo }: StreamingEvents['batchCompleted']): void {
    const { batchTime, numRecords, schedulingDelay, processingStartTime, processingEndTime } = batchInfo
    const span = this.#batches.get(batchTime)
    if (span === undefined) return
    this.#batches.delete(batchTime)
    for (const { inputStreamId, numRecords: records } of Object.values(batchInfo.streamIdToInputInfo)) {
      const attributes = { 'dstream.stream.id': inputStreamId, 'dstream.records': records }
      const source = this.#child(span, 'dstream source', attributes, processingStartTime)
      source.end(processingStartTime)
    }
    span.setAttributes({ 'dstream.records': numRecords, 'dstream.scheduling_delay_ms': schedulingDelay ?? 0 })
    span.end(processingEndTime)
  }

  onOutputOperationStarted({ outputOperationInfo: info }: StreamingEvents['outputOperationStarted']): void {
    const batch = this.#batches.get(info.batchTime)
    const attributes = { 'dstream.output': info.name, 'dstream.batch.time': info.batchTime, 'dstream.job': this.#job }
    // An attempt that comes after its batch is a trace of its own.
    const span =
      batch === undefined
        ? this.#telemetry.tracer.startSpan('dstream output', { attributes, ...startOf(info.startTime) })
        : this.#child(batch, 'dstream output', attributes, info.startTime)
    this.#outputs.set(keyOf(info), span)
  }

  onOutputOperationCompleted({ outputOperationInfo: info }: StreamingEvents['outputOperationCompleted']): void {
    const span = this.#outputs.get(keyOf(info))
    if (span === undefined) return
    this.#outputs.delete(keyOf(info))
    if (info.failureReason !== undefined) {
      const [message] = info.failureReason.split('\n', 1)
      span.setStatus({ code: ERROR, ...(message === undefined ? {} : { message }) })
    }
    span.end(info.endTime)
  }

  #child(parent: Span, name: string, attributes: Record<string, string | number>, startTime: number | undefined): Span {
    const { tracer, childrenOf } = this.#telemetry
    return tracer.startSpan(name, { attributes, ...startOf(startTime) }, childrenOf(parent))
  }
}

function startOf(startTime: number | undefined): { startTime?: number } {
  return startTime === undefined ? {} : { startTime }
}

function keyOf({ id, batchTime }: Pick<OutputOperationInfo, 'id' | 'batchTime'>): string {
  return `${batchTime} ${id}`
}
