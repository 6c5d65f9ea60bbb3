import type { Key } from '../base/keys/key.js'
import type { MapWithStateOperator } from '../streams/operators/map-with-state.js'
import type { OperatorWithTable } from '../streams/operators/internal/stateful-operator.js'
import type { KeyedState } from '../streams/state/keyed-state.js'
import type { StateView } from '../streams/state/view.js'
import { DStream, type MapWithStateStream, type StateStream, type StreamHost } from './dstream.js'

/**
 * A stream of all states, whose table can also be read from outside the batches.
 *
 * @example
 * const totals = pairs.runningReduceByKey((a, b) => a + b)
 * totals.print()
 * await t.run()
 * totals.get('a') // 1
 */
export class StateDStream<out K extends Key, out S> extends DStream<[K, S]> implements StateStream<K, S> {
  /** @internal */
  constructor(host: StreamHost, operator: OperatorWithTable<S, [K, S]>) {
    super(host, operator)
  }

  /**
   * Returns the states as of the last committed batch. A snapshot costs nothing to take and never changes; release it when
   * it is no longer needed.
   *
   * @example
   * const totals = pairs.runningReduceByKey((a, b) => a + b)
   * totals.print()
   * await t.run()
   * const view = totals.snapshot()
   * Array.from(view) // [['a', 1]]
   * view.release()
   */
  snapshot(): StateView<K, S> {
    return snapshotOf<K, S>(this)
  }

  /**
   * Returns the state of one key as of the last committed batch, `undefined` for a key without state.
   *
   * @throws `key-not-allowed` for a value that cannot be a key
   */
  get(key: Key): S | undefined {
    return stateOf<S>(this, key)
  }
}

/** A stream of the records that a `mapWithState` function emits, with the states behind it. */
export class MapWithStateDStream<out K extends Key, V, out S, out E>
  extends DStream<E>
  implements MapWithStateStream<K, V, S, E>
{
  declare readonly valueType: V

  /** @internal */
  constructor(host: StreamHost, operator: MapWithStateOperator<K, S, E>) {
    super(host, operator)
  }

  /**
   * Returns a stream of all states of each batch.
   *
   * @example
   * const counted = pairs.mapWithState((key, n, state: State<number>) => state.update(n ?? 0))
   * const out = t.output(counted.stateSnapshots())
   * await t.run()
   * out.batches // [[['a', 1]], [['a', 1]]]
   */
  stateSnapshots(): DStream<[K, S]> {
    const { snapshots } = this.operator as MapWithStateOperator<K, S, E>
    return new DStream(this.host, this.host.add(snapshots))
  }

  /** Returns the states as of the last committed batch; see `StateDStream.snapshot`. */
  snapshot(): StateView<K, S> {
    return snapshotOf<K, S>(this)
  }

  /**
   * Returns the state of one key as of the last committed batch, `undefined` for a key without state.
   *
   * @throws `key-not-allowed` for a value that cannot be a key
   */
  get(key: Key): S | undefined {
    return stateOf<S>(this, key)
  }
}

/** The part of a `StreamHost` that makes the streams of this file. */
export const stateStreams: Pick<StreamHost, 'stateStream' | 'mapWithStateStream'> & ThisType<StreamHost> = {
  stateStream(operator) {
    return new StateDStream(this, operator)
  },
  mapWithStateStream(operator) {
    return new MapWithStateDStream(this, operator)
  },
}

// The table is read through the operator, not kept in a private field: with one, TypeScript would tell these classes and
// the interfaces that DStream's methods return apart.
function tableOf<S>(stream: DStream<unknown>): KeyedState<S> {
  return (stream.operator as OperatorWithTable<S, unknown>).table
}

function snapshotOf<K extends Key, S>(stream: DStream<unknown>): StateView<K, S> {
  return stream.host.committed(tableOf<S>(stream)) as StateView<K, S>
}

function stateOf<S>(stream: DStream<unknown>, key: Key): S | undefined {
  const view = stream.host.committed(tableOf<S>(stream))
  try {
    return view.get(key)
  } finally {
    view.release()
  }
}
