import type { DStream } from 'dstream'
import fc from 'fast-check'
import { add } from './threads-run.js'

/** The text of a function that makes a stream of another one, by a function over RDDs. */
type Source = string

const digit = fc.integer({ min: 2, max: 6 }).map(String)

/** Steps of numbers. `k` follows from the batch time. */
const numberStep = fc.oneof(
  digit.map((c) => `.map((n) => n * ${c} + k)`),
  digit.map((c) => `.filter((n) => n % ${c} !== k % ${c})`),
  digit.map((c) => `.flatMap((n) => [n, n + ${c}])`),
  digit.map((c) => `.map(scaled(${c}))`),
  digit.map((c) => `.map((n) => [n, k].map((m) => m + ${c}).reduce(add))`),
  digit.map((c) => `.map((n) => { let sum = 0; for (const m of [n, k]) sum += m * ${c}; return sum })`),
  digit.map((c) => `.union(rdd.map((n) => n - ${c}))`),
  fc.constant('.map(negated)'),
)
const pairStep = fc.oneof(
  digit.map((c) => `.mapValues((v) => v + k * ${c})`),
  digit.map((c) => `.filter(([, v]) => v % ${c} !== 0)`),
  digit.map((c) => `.flatMapValues((v) => (v > ${c} ? [v, k] : [v]))`),
  digit.map((c) => `.flatMapToPair(([key, v]) => [[key, v], [${c}, v]])`),
)
const shuffle = fc.oneof(
  fc.constant('.reduceByKey(add)'),
  fc.constant('.reduceByKey((a, b) => a + b, { numPartitions: 3 })'),
  fc.constant('.groupByKey().mapValues((all) => all.length + k)'),
  fc.constant(
    '.combineByKey((v) => [v], (c, v) => [...c, v], (a, b) => [...a, ...b]).mapValues((all) => all.reduce(add))',
  ),
)
const several = (step: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.array(step, { maxLength: 3 }).map((steps) => steps.join(''))

/** A chain from numbers to numbers, with a shuffle or none. */
const part = fc.oneof(
  several(numberStep),
  fc
    .tuple(several(numberStep), digit, several(pairStep), shuffle, several(pairStep))
    .map(
      ([numbers, c, pairs, shuffled, more]) =>
        `${numbers}.mapToPair((n) => [n % ${c}, n])${pairs}${shuffled}${more}.map(([key, v]) => key + v)`,
    ),
)
const chain = fc.array(part, { minLength: 1, maxLength: 2 }).map((parts) => `rdd${parts.join('')}`)

/** The text of a function over RDDs that has the parameters. */
const bodyOf = (params: string): fc.Arbitrary<string> =>
  fc.tuple(chain, fc.option(chain), digit).map(
    ([last, other, c]) => `(${params}, time) => {
    const k = Math.floor(time.milliseconds / 1000) % 5
    const scaled = (m) => (n) => n * m + k
    ${other === null ? '' : `if (k % ${c} === 1) return ${other}`}
    return ${last}
  }`,
  )
const body = bodyOf('rdd')
/** A transform of several streams, each of which is a part of the numbers. */
const ofSeveral = fc
  .tuple(
    fc.oneof(
      bodyOf('[rdd]'),
      bodyOf('[rdd, other]').map((text) => text.replaceAll('union(rdd', 'union(other')),
      bodyOf('rdds').map((text) => text.replaceAll(/\brdd\b/g, 'rdds[0]')),
      bodyOf('rdds').map((text) => text.replaceAll(/\brdd\b/g, 'rdds.reduce((a, b) => a.union(b))')),
    ),
    digit,
  )
  .map(
    ([f, c]) =>
      (s: Source) =>
        `s.context.transform([${s}, s.filter((n) => n % ${c} === 1)], ${f})`,
  )
const below = fc.oneof(
  fc.constant('.mapToPair((n) => [n % 7, n]).reduceByKey(add)'),
  fc.constant('.mapToPair((n) => [n % 7, n]).runningReduceByKey(add)'),
  fc.constant('.countByValue()'),
  fc.constant('.mapToPair((n) => [n % 3, n]).groupByKey()'),
)
const above = fc.oneof(fc.constant(''), fc.constant('.map((n) => n + 1)'), fc.constant('.filter((n) => n % 2 === 0)'))

const source: fc.Arbitrary<Source> = fc
  .tuple(above, fc.array(body, { minLength: 1, maxLength: 2 }), fc.option(ofSeveral), below)
  .map(([steps, all, several, last]) => {
    const transformed = `s${steps}${all.map((f) => `.transform(${f})`).join('')}`
    return `${several === null ? transformed : several(transformed)}${last}`
  })

/** Functions that make a stream of numbers another stream, by functions over RDDs whose text is theirs. */
export const bodies: fc.Arbitrary<(s: DStream<number>) => DStream<unknown>> = source.map((text) => {
  // The text of the inner function is what a module would have: names of its own, and an import.
  const make = new Function('add', `return (s) => { const negated = (n) => -n\nreturn ${text} }`) as (
    f: typeof add,
  ) => (s: DStream<number>) => DStream<unknown>
  return make(add)
})
