import { trace, TraceFlags, type Context, type Span, type SpanOptions } from '@opentelemetry/api'
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

afterEach(() => trace.disable())

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
