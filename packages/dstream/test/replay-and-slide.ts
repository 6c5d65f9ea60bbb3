import { crashPoints, Seconds } from 'dstream'
import { TestContext, testRecovery } from 'dstream/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { pair } from './random-graphs/graph.js'
import { operators, type Pair, type Params, type Stream } from './random-graphs/operators.js'

const params = fc.record({
  window: fc.integer({ min: 1, max: 3 }),
  slide: fc.integer({ min: 1, max: 2 }),
  parts: fc.integer({ min: 1, max: 3 }),
})
function batchesOf(length: number) {
  return fc.array(fc.array(pair, { maxLength: 4 }), { minLength: length, maxLength: length })
}

/** The operator over a stream and another made of it, whose slide is `unit` seconds. */
function over(name: string, stream: Stream, unit: number, how: Params): Stream {
  const other = stream.map(([key, value]): Pair => [key, value + 1])
  const windows = [Seconds(how.window * unit), Seconds(how.slide * unit)] as const
  return operators[name]!.define([stream, other], how, windows)
}

const names = Object.keys(operators)
/** A function that throws fails its batch where nobody skips the record: the random graphs have crashes with poison. */
const harmless = names.filter((name) => !name.endsWith('Throws'))

/** Tests each operator in so many random runs: replay after a crash, and streams with a longer slide. */
export function testReplayAndSlide(runs: number): void {
  test.each(harmless)('replay: %s, cut anywhere, gives of the same blocks what it would have given', (name) =>
    fc.assert(
      fc.asyncProperty(batchesOf(4), params, fc.constantFrom(...crashPoints), async (batches, how, at) => {
        const define = (t: TestContext, input: Stream) => void t.output(over(name, input, 1, how))
        await testRecovery(define, batches, { crashAt: [at] })
      }),
      { numRuns: runs },
    ),
  )

  test.each(names)('slide: %s of a stream with a longer slide is what it would be of batches as long', (name) =>
    fc.assert(
      fc.asyncProperty(batchesOf(6), params, fc.integer({ min: 2, max: 3 }), async (batches, how, unit) => {
        const short = new TestContext({ batchInterval: Seconds(1), onRecordError: 'skip' })
        const tumbling = short
          .input(batches)
          .window(Seconds(unit), Seconds(unit))
          .transform((rdd) => rdd.coalesce(1))
        const found = short.output(over(name, tumbling, unit, how))
        await short.run(6)

        const long = new TestContext({ batchInterval: Seconds(unit), onRecordError: 'skip' })
        const joined = Array.from({ length: 6 / unit }, (_, i) => batches.slice(i * unit, (i + 1) * unit).flat())
        const wanted = long.output(over(name, long.input(joined), unit, how))
        await long.run(6 / unit)

        expect([found.times, found.batches]).toEqual([wanted.times, wanted.batches])
        await Promise.all([short.ssc.stop(), long.ssc.stop()])
      }),
      { numRuns: runs },
    ),
  )
}
