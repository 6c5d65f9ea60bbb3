/** An order to a running simulator: for tests and for people who want to watch something happen. */
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

/** What an order answers. */
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
}

/** An order that makes no sense. */
export class ControlError extends Error {
  override readonly name = 'ControlError'
  readonly code = 'simulator-order-unknown'
}

/** Reads an order from the query of `/__control?do=publish&count=5`. @throws ControlError. */
export function readCommand(query: URLSearchParams): ControlCommand {
  const name = query.get('do') ?? 'status'
  const number = (key: string): number => {
    const value = Number(query.get(key) ?? Number.NaN)
    if (Number.isFinite(value) && value >= 0) return value
    throw new ControlError(`The order ${name} needs ${key}=<number>, not ${JSON.stringify(query.get(key))}.`)
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
    default:
      throw new ControlError(`There is no order ${JSON.stringify(name)}. Orders: ${ORDERS.join(', ')}.`)
  }
}

const ORDERS: readonly ControlCommand['do'][] = ['status', 'pause', 'resume', 'publish', 'rate', 'until']
