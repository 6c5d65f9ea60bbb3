import { badOption } from '../../base/errors/options.js'
import { operator } from '../../streams/graph/make.js'
import { RDD } from '../../rdd/rdd.js'
import { Counts } from './counts.js'
import { streamName } from './input-source.js'
import type { InputSource, SourceHome } from './input-source.js'

/**
 * Gives the same RDD in every batch.
 *
 * Law: `out(t) = rdd` for every t. Reference: `ConstantInputDStream`.
 */
export function constant<T>(home: SourceHome, rdd: RDD<T>): InputSource<T> {
  if (!(rdd instanceof RDD)) throw badOption('constantStream', 'rdd', 'an RDD', rdd)
  const { streamId, slideMs } = home
  const counts = new Counts()
  return {
    streamId,
    name: streamName('Constant', streamId),
    operator: operator<T>({
      kind: 'constantStream',
      parents: [],
      slideMs,
      source: true,
      compute: (time) => counts.countedRDD(time, 'rdd', rdd),
    }),
    start: () => {},
    stop: () => Promise.resolve(),
    forget: (time) => counts.forget(time),
    info: (time) => counts.info(streamId, time),
  }
}
