import { BatchMap } from '../../base/batch-map.js'
import { badOption } from '../../base/errors/options.js'
import { queueCannotChange, queueNotRecoverable } from '../../base/errors/receive.js'
import { operator } from '../../streams/graph/make.js'
import { aBoolean, checkOptions } from '../../base/options.js'
import { RDD } from '../../rdd/rdd.js'
import { Counts } from './counts.js'
import { streamName } from './input-source.js'
import type { InputSource, SourceHome } from './input-source.js'

/** Selects the elements that `queueStream` takes from its queue. */
export interface QueueOptions<T> {
  /** `true`, the default, takes one element a batch; `false` takes all elements. */
  readonly oneAtATime?: boolean | undefined
  /** The RDD of a batch while the queue is empty; default an RDD without records. `null` gives no RDD at all. */
  readonly defaultRDD?: RDD<T> | readonly T[] | null | undefined
}

/**
 * Gives one element of the queue to a batch, or all elements as one union. The array is live: elements pushed later are
 * read later, and elements that were read are removed. It is meant for tests and examples and cannot be recovered from a
 * checkpoint.
 *
 * `defaultRDD: null` gives no RDD in a batch without an element, as Spark's manual says (its code gives an empty one).
 * Reference: `QueueInputDStream`.
 */
export function queue<T>(
  home: SourceHome,
  elements: (RDD<T> | readonly T[])[],
  options: QueueOptions<T> = {},
): InputSource<T> {
  if (!Array.isArray(elements)) throw badOption('queueStream', 'queue', 'an array of RDDs or arrays', elements)
  if (Object.isSealed(elements)) throw queueCannotChange()
  checkOptions('queueStream', options, ['oneAtATime', 'defaultRDD'])
  const oneAtATime = aBoolean('queueStream', 'oneAtATime', options.oneAtATime ?? true)
  const { streamId, slideMs, sc } = home
  const taken = new BatchMap<RDD<T> | undefined>()
  const counts = new Counts()

  const take = (time: number): RDD<T> | undefined => {
    if (Object.isSealed(elements)) throw queueCannotChange()
    const elementsNow = elements.splice(0, oneAtATime ? 1 : elements.length)
    const given = elementsNow.length > 0 ? elementsNow : options.defaultRDD === null ? [] : [options.defaultRDD ?? []]
    const rdds = given.map((element, i) => counting(element, time, String(i)))
    return rdds.length <= 1 ? rdds[0] : sc.union(rdds)
  }
  const counting = (element: RDD<T> | readonly T[], time: number, part: string): RDD<T> => {
    if (isRDD(element)) return counts.countedRDD(time, part, element)
    if (!Array.isArray(element))
      throw badOption('queueStream', 'an element of the queue', 'an RDD or an array', element)
    counts.set(time, part, element.length)
    return sc.parallelize(element)
  }

  return {
    streamId,
    name: streamName('Queue', streamId),
    operator: operator<T>({
      kind: 'queueStream',
      params: { oneAtATime },
      parents: [],
      slideMs,
      source: true,
      compute: (time) => {
        // Taken once per batch: a batch that is tried again gets the same elements.
        if (!taken.has(time)) taken.set(time, take(time))
        return taken.get(time)
      },
    }),
    start: () => {},
    stop: () => Promise.resolve(),
    forget: (time) => {
      counts.forget(time)
      taken.forget(time)
    },
    info: (time) => counts.info(streamId, time),
    refusal: queueNotRecoverable,
  }
}

function isRDD<T>(element: RDD<T> | readonly T[]): element is RDD<T> {
  return element instanceof RDD
}
