import { Seconds } from 'dstream'
import { TestContext } from 'dstream/testing'
import fc from 'fast-check'
import { describe, expect, expectTypeOf, test } from 'vitest'
import type { DStream } from '../../index.js'
import { pairs } from '../../../test/laws.js'

type Pair = [string, number]
type Side = DStream<Pair>

async function both<U>(left: Pair[], right: Pair[], f: (a: Side, b: Side) => DStream<U>): Promise<U[]> {
  const t = new TestContext({ batchInterval: Seconds(1) })
  const out = t.output(f(t.inputPairs([left], { numPartitions: 2 }), t.inputPairs([right])))
  await t.run()
  return out.batches[0]!
}
function sorted(records: readonly unknown[]): string[] {
  return records.map((record) => JSON.stringify(record, (_, v: unknown) => (v === undefined ? 'nothing' : v))).sort()
}

function twin(left: Pair[], right: Pair[], keepLeft: boolean, keepRight: boolean): unknown[] {
  const product = left.flatMap(([k, v]) => right.filter(([l]) => l === k).map(([, w]) => [k, [v, w]]))
  const alone = (side: Pair[], other: Pair[]): Pair[] => side.filter(([k]) => !other.some(([l]) => l === k))
  return [
    ...product,
    ...(keepLeft ? alone(left, right).map(([k, v]) => [k, [v, undefined]]) : []),
    ...(keepRight ? alone(right, left).map(([k, w]) => [k, [undefined, w]]) : []),
  ]
}

describe.each([
  ['join', (a: Side, b: Side): DStream<unknown> => a.join(b), false, false],
  ['leftOuterJoin', (a: Side, b: Side): DStream<unknown> => a.leftOuterJoin(b), true, false],
  ['rightOuterJoin', (a: Side, b: Side): DStream<unknown> => a.rightOuterJoin(b), false, true],
  ['fullOuterJoin', (a: Side, b: Side): DStream<unknown> => a.fullOuterJoin(b), true, true],
] as const)('%s', (_, f, keepLeft, keepRight) => {
  test('is the product per key, and what it keeps', () =>
    fc.assert(
      fc.asyncProperty(fc.array(pairs, { maxLength: 8 }), fc.array(pairs, { maxLength: 8 }), async (left, right) => {
        expect(sorted(await both(left, right, f))).toEqual(sorted(twin(left, right, keepLeft, keepRight)))
      }),
      { numRuns: 40 },
    ))
})

test('types: a side that may be missing may be undefined', () => {
  const outer = (a: Side, b: DStream<[string, string]>) => a.leftOuterJoin(b)
  expectTypeOf(outer).returns.toEqualTypeOf<DStream<[string, [number, string | undefined]]>>()
})

test('streams of different slides are refused', () => {
  const t = new TestContext({ batchInterval: Seconds(1) })
  const a = t.inputPairs([[['a', 1]]])
  expect(() => a.join(a.window(Seconds(2), Seconds(2)))).toThrow(/different slide durations/)
  expect(() => a.join({} as never)).toThrow(/DStream/)
})
