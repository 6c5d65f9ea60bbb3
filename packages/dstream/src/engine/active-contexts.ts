import { alreadyActive } from '../base/errors/context.js'
import { processWide } from '../base/process-wide.js'

interface Active<C> {
  readonly context: C
  readonly place: string
}

interface Registry {
  readonly active: Map<string, Active<unknown>>
  unnamed: number
}

const registry = processWide('activeContexts', (): Registry => ({ active: new Map(), unnamed: 0 }))

/** Returns a name for a context without one: `dstream-1`, `dstream-2`. */
export function nextName(): string {
  return `dstream-${++registry.unnamed}`
}

/** Registers a started context under its name. @throws `already-active` when a started context has that name */
export function activate<C>(name: string, context: C, place: string): void {
  const other = registry.active.get(name)
  if (other !== undefined) throw alreadyActive(name, other.place)
  registry.active.set(name, { context, place })
}

export function deactivate(name: string, context: unknown): void {
  if (registry.active.get(name)?.context === context) registry.active.delete(name)
}

/** Returns the active context of that name; without a name the one that was started last. */
export function activeContext<C>(name?: string): C | undefined {
  return (name === undefined ? [...registry.active.values()].at(-1) : registry.active.get(name))?.context as
    C | undefined
}
