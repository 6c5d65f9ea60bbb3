import { DStream } from 'dstream'

const streams = new WeakMap<object, object>()

function bare(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? (streams.get(value) ?? value) : value
}

/**
 * Returns a stream whose methods give uids to all streams that they make: `scope 0`, `scope 1`, …. A change of a window
 * changes what the streams below it are made from, and is refused where one of them has no uid.
 */
export function naming<S extends DStream<any>>(stream: S, scope: string): S {
  let count = 0
  const named = (result: unknown): unknown => {
    if (Array.isArray(result)) return result.map(named)
    return result instanceof DStream ? wrap(result.uid(`${scope} ${count++}`)) : result
  }
  const wrap = <T extends DStream<any>>(of: T): T => {
    const wrapped = new Proxy(of, {
      get: (target, key) => {
        const member: unknown = Reflect.get(target, key, target)
        if (typeof member !== 'function') return member
        return (...given: unknown[]): unknown => named(Reflect.apply(member, target, given.map(bare)))
      },
    })
    streams.set(wrapped, of)
    return wrapped
  }
  return wrap(stream)
}

/** Returns the stream itself. */
export function unnamed<S extends DStream<any>>(stream: S): S {
  return bare(stream) as S
}
