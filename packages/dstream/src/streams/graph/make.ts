import { differentSlides, noStreams } from '../../base/errors/graph.js'
import { chain } from '../../base/maybe-promise.js'
import type { RDD } from '../../rdd/rdd.js'
import type { Operator } from './operator.js'

type OperatorSpec<T> = Pick<Operator<T>, 'kind' | 'parents' | 'compute'> & Partial<Operator<T>>

/** Makes an operator with defaults: the slide of its first parent, no parameters, no lookback. */
export function operator<T>(spec: OperatorSpec<T>): Operator<T> {
  return {
    params: {},
    slideMs: spec.parents[0]?.slideMs ?? 0,
    lookbackMs: 0,
    ...spec,
  }
}

/**
 * Makes an operator that maps the RDD of each batch to another one. In a batch without an RDD it gives none.
 */
export function eachRDD<T, U>(
  kind: string,
  parent: Operator<T>,
  f: (rdd: RDD<T>) => RDD<U>,
  parts: Pick<Partial<Operator>, 'params' | 'functions' | 'mergers'> = {},
): Operator<U> {
  return operator({
    kind,
    ...parts,
    parents: [parent],
    compute: (time, read) => chain(read(parent, time), (rdd) => (rdd === undefined ? undefined : f(rdd))),
  })
}

/**
 * Returns the slide that all parents of an operator have (reference: `UnionDStream`, `TransformedDStream`).
 *
 * @throws `no-streams`, `different-slides`
 */
export function commonSlideMs(kind: string, parents: readonly Operator[]): number {
  const slides = [...new Set(parents.map((parent) => parent.slideMs))]
  if (slides.length === 0) throw noStreams(kind)
  if (slides.length > 1) throw differentSlides(kind, slides)
  return slides[0]!
}
