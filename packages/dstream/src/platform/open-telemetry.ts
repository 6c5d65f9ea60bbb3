import type { Telemetry } from '../observe/batch-spans.js'

/** The place at which every copy of OpenTelemetry's API of this version keeps what a program has registered. */
const REGISTERED = Symbol.for('opentelemetry.js.api.1')

/** Returns the tracer of the program, where it has registered a provider of traces. Else nothing is loaded. */
export async function openTelemetry(): Promise<Telemetry | undefined> {
  const { [REGISTERED]: registered } = globalThis as { [REGISTERED]?: { readonly trace?: unknown } }
  if (registered?.trace === undefined) return undefined
  const api = await import('@opentelemetry/api')
  return {
    tracer: api.trace.getTracer('dstream'),
    childrenOf: (span) => api.trace.setSpan(api.ROOT_CONTEXT, span),
  }
}
