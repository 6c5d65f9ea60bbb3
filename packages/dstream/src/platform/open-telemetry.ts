import type { Meter } from '@opentelemetry/api'
import type { Telemetry } from '../observe/batch-spans.js'

/** The key under which all copies of this version of OpenTelemetry's API keep what a program has registered. */
const REGISTERED = Symbol.for('opentelemetry.js.api.1')

function registered(): { readonly trace?: unknown; readonly metrics?: unknown } {
  return (globalThis as { [REGISTERED]?: object })[REGISTERED] ?? {}
}

/** Returns the program's meter if it has registered a provider of metrics. Otherwise nothing is loaded. */
export async function openMeter(): Promise<Meter | undefined> {
  if (registered().metrics === undefined) return undefined
  const api = await import('@opentelemetry/api')
  return api.metrics.getMeter('dstream')
}

/** Returns the program's tracer if it has registered a provider of traces. Otherwise nothing is loaded. */
export async function openTelemetry(): Promise<Telemetry | undefined> {
  if (registered().trace === undefined) return undefined
  const api = await import('@opentelemetry/api')
  return {
    tracer: api.trace.getTracer('dstream'),
    childrenOf: (span) => api.trace.setSpan(api.ROOT_CONTEXT, span),
  }
}
