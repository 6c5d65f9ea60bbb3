import { metrics, trace, TraceFlags, type Context, type Span, type SpanOptions } from '@opentelemetry/api'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { afterEach, expect, test } from 'vitest'
import { Seconds } from 'dstream'
import { TestContext } from 'dstream/testing'

// A provider of traces that a program has registered with the real API.

interface Recorded {
  readonly name: string
  readonly id: string
  readonly parent: string | undefined
  readonly attributes: Record<string, unknown>
  status?: unknown
  ended?: unknown
}

function provider(spans: Recorded[]) {
  const startSpan = (name: string, options: SpanOptions = {}, context?: Context): Span => {
    const id = String(spans.length + 1).padStart(16, '0')
    const parent = context && trace.getSpan(context)?.spanContext().spanId
    const recorded: Recorded = { name, id, parent, attributes: { ...options.attributes } }
    spans.push(recorded)
    return {
      spanContext: () => ({ traceId: 'a'.repeat(32), spanId: id, traceFlags: TraceFlags.SAMPLED }),
      setAttributes: (attributes: object) => void Object.assign(recorded.attributes, attributes),
      setStatus: (status: unknown) => void (recorded.status = status),
      end: (time: unknown) => void (recorded.ended = time),
    } as unknown as Span
  }
  return { getTracer: () => ({ startSpan, startActiveSpan: () => undefined as never }) }
}

afterEach(() => {
  trace.disable()
  metrics.disable()
})

test('a batch is a span, with its sources and the attempts of its outputs below it', async () => {
  const spans: Recorded[] = []
  trace.setGlobalTracerProvider(provider(spans))
  const t = new TestContext({ batchInterval: Seconds(1), appName: 'words', retry: { attempts: 2 } })
  const headers: (string | undefined)[] = []
  let failed = false
  t.input([['a', 'b']]).foreachRDD((_, __, { traceparent }) => {
    headers.push(traceparent)
    if (failed) return
    failed = true
    throw new Error('away')
  })
  await t.run()
  await t.ssc.stop()
  const [batch, first] = spans
  expect(batch).toMatchObject({
    name: 'dstream batch',
    parent: undefined,
    attributes: { 'dstream.job': 'words', 'dstream.batch.time': 1000, 'dstream.records': 2 },
    ended: 1000,
  })
  expect(first).toMatchObject({
    name: 'dstream output',
    parent: batch!.id,
    status: { code: 2, message: 'Error: away' },
  })
  const source = spans.find(({ name }) => name === 'dstream source')
  expect(source).toMatchObject({ parent: batch!.id, attributes: { 'dstream.stream.id': 0, 'dstream.records': 2 } })
  expect(spans.filter(({ ended }) => ended === undefined)).toEqual([])
  const outputs = spans.filter(
    ({ name, attributes }) => name === 'dstream output' && attributes['dstream.batch.time'] === 1000,
  )
  expect(headers.slice(0, 2)).toEqual(outputs.map(({ id }) => `00-${'a'.repeat(32)}-${id}-01`))
})

test('without a provider there is no header and no span', async () => {
  const t = new TestContext({ batchInterval: Seconds(1) })
  const headers: (string | undefined)[] = []
  t.input([['a']]).foreachRDD((_, __, { traceparent }) => void headers.push(traceparent))
  await t.run()
  expect(headers).toEqual([undefined])
})

/** A provider of metrics that a program has registered, and what it has collected last: name → points. */
function meterProvider() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  const provider = new MeterProvider({ readers: [reader] })
  metrics.setGlobalMeterProvider(provider)
  const collected = async () => {
    exporter.reset()
    await provider.forceFlush()
    const all = exporter.getMetrics().flatMap((one) => one.scopeMetrics.flatMap(({ metrics: of }) => of))
    return new Map(
      all.map(({ descriptor, dataPoints }) => [descriptor.name, { unit: descriptor.unit, points: dataPoints }]),
    )
  }
  return { collected, close: () => provider.shutdown() }
}

test.each([false, { port: 0 }])('the metrics of a job go through the meter of the program, with ui: %j', async (ui) => {
  const { collected, close } = meterProvider()
  const t = new TestContext({ batchInterval: Seconds(1), appName: 'words', ui })
  const totals = t
    .input([['a', 'b'], ['a']])
    .mapToPair((word) => [word, 1])
    .updateStateByKey((values, total: number | undefined) => values.length + (total ?? 0))
    .uid('totals')
  totals.foreachRDD(() => undefined)
  await t.run(2)
  const all = await collected()
  const values = (name: string) => all.get(name)?.points.map(({ attributes, value }) => [attributes, value])
  expect(values('dstream.batches_completed')).toEqual([[{ app: 'words' }, 2]])
  expect(values('dstream.records_processed')).toEqual([[{ app: 'words' }, 3]])
  expect(values('dstream.state_keys')).toEqual([[{ app: 'words', state: 'totals' }, 2]])
  expect(values('dstream.batch_interval')).toEqual([[{ app: 'words' }, 1]])
  expect(all.get('dstream.batch_interval')!.unit).toBe('s')
  expect(all.get('dstream.batch_total_delay')!.points[0]).toMatchObject({
    attributes: { app: 'words' },
    value: { count: 2 },
  })
  await t.ssc.stop()
  await close()
})
