import { faultName } from './faults.js'
import type { FaultName } from './faults.js'

/** A command to a running simulator, for tests and for demonstrations. */
export type ControlCommand =
  | { readonly do: 'status' }
  /** Stop publishing until `resume`. */
  | { readonly do: 'pause' }
  | { readonly do: 'resume' }
  /** Publish this many posts now, whatever the rate. */
  | { readonly do: 'publish'; readonly count: number }
  /** Posts per second from now on. */
  | { readonly do: 'rate'; readonly value: number }
  /** Stop publishing when this many posts are out since the start, history not counted. */
  | { readonly do: 'until'; readonly total: number }
  /** Delete a post, or one that the simulator chooses; the truth says which. */
  | { readonly do: 'delete'; readonly id?: string | undefined }
  /** Bring back a deleted post, or the one that has been away longest. */
  | { readonly do: 'restore'; readonly id?: string | undefined }
  /** Give a topic another title. */
  | { readonly do: 'rename'; readonly topic: string; readonly title?: string | undefined }
  /** Delete a topic with all its posts. */
  | { readonly do: 'gone'; readonly topic: string }
  /** Switch faults on, with their chances, and all others off: `all`, `none`, `slow,challenge=0.01`. */
  | { readonly do: 'faults'; readonly names: string }
  /** The next page requests have this fault. */
  | { readonly do: 'fault'; readonly name: FaultName; readonly times: number }

/** The answer to a command. */
export interface SimulatorStatus {
  /** Posts published since the start, history not counted. */
  readonly published: number
  /** Posts that were there before the start. */
  readonly history: number
  readonly topics: number
  /** The total of `until` is reached: no more post will come by itself. */
  readonly done: boolean
  /** Requests for pages answered. */
  readonly requests: number
  /** The number of occurrences of each fault. */
  readonly faults: Readonly<Partial<Record<FaultName, number>>>
}

/** An unknown or malformed command. */
export class ControlError extends Error {
  override readonly name = 'ControlError'
  readonly code = 'simulator-order-unknown'
}

/** Reads a command from the query of `/__control?do=publish&count=5`. @throws ControlError. */
export function readCommand(query: URLSearchParams): ControlCommand {
  const name = query.get('do') ?? 'status'
  const number = (key: string): number => {
    const value = Number(query.get(key) ?? Number.NaN)
    if (Number.isFinite(value) && value >= 0) return value
    throw new ControlError(`The command ${name} needs ${key}=<number>; got ${JSON.stringify(query.get(key))}`)
  }
  const text = (key: string): string => {
    const value = query.get(key)
    if (value !== null && value !== '') return value
    throw new ControlError(`The command ${name} needs ${key}=<text>; got ${JSON.stringify(value)}`)
  }
  switch (name) {
    case 'status':
    case 'pause':
    case 'resume':
      return { do: name }
    case 'publish':
      return { do: name, count: number('count') }
    case 'rate':
      return { do: name, value: number('value') }
    case 'until':
      return { do: name, total: number('total') }
    case 'delete':
    case 'restore':
      return { do: name, id: query.get('id') ?? undefined }
    case 'rename':
      return { do: name, topic: text('topic'), title: query.get('title') ?? undefined }
    case 'gone':
      return { do: name, topic: text('topic') }
    case 'faults':
      return { do: name, names: text('names') }
    case 'fault':
      return { do: name, name: faultName(text('name')), times: query.has('times') ? number('times') : 1 }
    default:
      throw new ControlError(`There is no command ${JSON.stringify(name)}. Commands: ${COMMANDS.join(', ')}.`)
  }
}

const COMMANDS: readonly ControlCommand['do'][] = [
  'status',
  'pause',
  'resume',
  'publish',
  'rate',
  'until',
  'delete',
  'restore',
  'rename',
  'gone',
  'faults',
  'fault',
]
