import { differentSlides, noStreams } from '../../base/errors/graph.js'
import type { RDD } from '../../rdd/rdd.js'
import type { Operator } from './operator.js'

type Spec<T> = Pick<Operator<T>, 'kind' | 'parents' | 'compute'> & Partial<Operator<T>>

/** An operator with the usual answers filled in: the slide of its first parent, no parameters, no reach into the past. */
export function operator<T>(spec: Spec<T>): Operator<T> {
  return {
    params: {},
    slideMs: spec.parents[0]?.slideMs ?? 0,
    lookbackMs: 0,
    ...spec,
  }
}

/** An operator that turns the RDD of each batch into another one. Where the parent gives none, neither does it. */
export function eachRDD<T, U>(
  kind: string,
  parent: Operator<T>,
  f: (rdd: RDD<T>) => RDD<U>,
  params: Readonly<Record<string, unknown>> = {},
): Operator<U> {
  return operator({
    kind,
    params,
    parents: [parent],
    compute: async (time, read) => {
      const rdd = await read(parent, time)
      return rdd === undefined ? undefined : f(rdd)
    },
  })
}

/** The one slide that operators of several parents need (reference: `UnionDStream`, `TransformedDStream`). */
export function commonSlideMs(kind: string, parents: readonly Operator[]): number {
  const slides = [...new Set(parents.map((parent) => parent.slideMs))]
  if (slides.length === 0) throw noStreams(kind)
  if (slides.length > 1) throw differentSlides(kind, slides)
  return slides[0]!
}
