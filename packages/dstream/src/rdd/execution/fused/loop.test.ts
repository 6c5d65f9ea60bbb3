import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { copyRecord } from '../../../base/values/copy.js'
import { RecordError } from '../../../base/record-error.js'
import type { RecordErrorHandler } from '../../plan/record-policy.js'
import type { Pass } from '../../plan/pass.js'
import { codeMayBeGenerated } from '../../plan/code-generation.js'
import { FusedLoop } from './loop.js'
import { Interpreter } from '../interpreter.js'
import { PairColumns } from '../pair-columns.js'
import { ObjectCopies } from '../object-copies.js'
import { PairCopies } from '../pair-copies.js'
import type { AnyFunction, LoopInput, LineageNode, StepOp } from '../../plan/lineage.js'
import { collected, collectSink, combineSink, tableOf, type LoopSink } from '../loop-sink.js'
import { narrow, source } from '../../transformations/steps.js'

/** Any record as a small whole number, so that every function below takes every record. */
function small(record: any): number {
  const number = Array.isArray(record) ? small(record.at(-1)) : typeof record === 'number' ? record : 0
  return ((Math.trunc(number) % 1000) + 1000) % 1000
}

type Log = unknown[]
type MakeStep = (log: Log) => readonly [op: StepOp, f: AnyFunction]

function* items(n: number, failAt: number) {
  for (let i = 0; i < n % 5; i++) {
    if (i === failAt) throw new Error(`item ${i}`)
    yield n + i
  }
}

function record(f: AnyFunction) {
  return (log: Log) => (x: unknown) => {
    log.push(x)
    return f(x)
  }
}
function step(op: StepOp, f: AnyFunction): MakeStep {
  return (log) => [op, record(f)(log)] as const
}

const steps: fc.Arbitrary<MakeStep> = fc.oneof(
  fc.integer({ min: -3, max: 5 }).map((a) => step('map', (x) => small(x) * 2 + a)),
  fc.constant(step('map', (x) => [small(x) % 3, small(x)])),
  fc.constant(step('map', () => undefined)),
  fc.integer({ min: 2, max: 4 }).map((m) => step('filter', (x) => small(x) % m !== 0)),
  fc.constant(step('tap', () => 'nothing')),
  fc.constant(step('flatMap', (x) => Array.from({ length: small(x) % 4 }, (_, i) => small(x) + i))),
  fc.constant(step('flatMap', (x) => items(small(x), -1))),
  fc.constant(step('flatMap', (x) => new Set([small(x) % 2, small(x)]))),
  fc.constant(step('mapValues', (v) => small(v) + 1)),
  fc.constant(step('flatMapValues', (v) => [v, small(v)].slice(small(v) % 3))),
  fc.constant(step('flatMapValues', (v) => items(small(v), -1))),
  fc.constant(step('keys', (x) => x)),
  fc.constant(step('values', (x) => x)),
)
const unsafeSteps: fc.Arbitrary<MakeStep> = fc.oneof(
  { weight: 4, arbitrary: steps },
  fc.integer({ min: 2, max: 9 }).map((m) =>
    step('map', (x) => {
      if (small(x) % m === 1) throw new Error('unlucky')
      return x
    }),
  ),
  fc.integer({ min: 0, max: 3 }).map((at) => step('flatMap', (x) => items(small(x), at))),
  fc.constant(step('flatMap', (x) => (small(x) % 4 === 0 ? 'text' : [x]))),
)

type MakeSink = (log: Log, origin: LineageNode) => LoopSink
function throwing(f: AnyFunction) {
  return (a: unknown, b: unknown) => {
    if (small(b) === 13) throw new Error('thirteen')
    return f(a, b)
  }
}
const sinks: fc.Arbitrary<MakeSink> = fc.oneof(
  fc.constant<MakeSink>(() => collectSink()),
  fc.integer({ min: 1, max: 12 }).map<MakeSink>((limit) => () => ({ kind: 'take', out: [], limit })),
  fc.constant<MakeSink>(() => ({ kind: 'count', n: 0 })),
  fc.constant<MakeSink>((log, origin) => ({ kind: 'foreach', origin, f: record((x) => x)(log) })),
  fc.constant<MakeSink>((_, origin) => ({ kind: 'fold', origin, acc: 0, f: throwing((a, x) => a + small(x)) })),
  fc.constant<MakeSink>((_, origin) => ({ kind: 'fold', origin, acc: '', f: throwing((a, x) => `${a},${small(x)}`) })),
  fc.constant<MakeSink>((_, origin) => ({
    kind: 'reduce',
    origin,
    has: false,
    acc: undefined,
    f: throwing((a, x) => small(a) * 2 - small(x)),
  })),
  fc.constant<MakeSink>((_, origin) =>
    combineSink(
      origin,
      undefined,
      throwing((a, b) => -small(a) - small(b)),
    ),
  ),
  fc.constant<MakeSink>((_, origin) =>
    combineSink(
      origin,
      undefined,
      throwing((a, b) => (Array.isArray(a) ? (a.push(b), a) : small(a) - small(b))),
      { own: copyRecord },
    ),
  ),
  fc.constant<MakeSink>((_, origin) =>
    combineSink(
      origin,
      (v) => [v],
      throwing((c: unknown[], v) => (c.push(v), c)),
    ),
  ),
  fc.constant<MakeSink>((_, origin) => ({
    kind: 'bucket',
    origin,
    buckets: [[], []],
    partitionOf: (k) => small(k) % 2,
  })),
)

const keys = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 0, max: 3 }) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(-0, 1.5, 2 ** 31, -(2 ** 31), NaN, '1', [1], null, undefined) },
)
const values = fc.oneof(
  fc.integer({ min: -20, max: 999 }),
  fc.tuple(keys, fc.integer({ min: 0, max: 50 })),
  fc.constantFrom(13, 0, -0, undefined),
)
const forms: Record<string, (records: readonly unknown[]) => LoopInput> = {
  array: (records) => records,
  iterator: (records) => new Set(records),
  columns: (records) => {
    const made = pairsOf(records)
    return new PairColumns(made.map(([key]) => key), made.map(([, value]) => value)) // prettier-ignore
  },
  pairs: (records) => new PairCopies(pairsOf(records)),
  objects: (records) => new ObjectCopies(records.map((record, i) => ({ record, i }))),
}
function pairsOf(records: readonly unknown[]): readonly (readonly [unknown, unknown])[] {
  return records.map((record) => (Array.isArray(record) ? (record as [unknown, unknown]) : [small(record), record]))
}
const inputs = fc.tuple(fc.array(values, { maxLength: 40 }), fc.constantFrom(...Object.keys(forms)))
const budgets = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 })

interface Run {
  makeSteps: MakeStep[]
  makeSink: MakeSink
  input: readonly [records: unknown[], form: string]
  sizes: number[]
}

/** All that an engine lets one see of a run: the sink, the counts, the calls of user functions, and errors. */
function run(
  make: (...args: ConstructorParameters<typeof Interpreter>) => Pass,
  given: Run,
  skip: boolean | undefined,
) {
  const log: Log = []
  const chain = given.makeSteps.map((makeStep, s) => {
    const [op, f] = makeStep(log)
    return narrow(source('source', []), `step ${s}`, op, f)
  })
  const [records, form] = given.input
  const sink = given.makeSink(log, source('sink', []))
  const errors: unknown[] = []
  const note = (error: unknown) =>
    errors.push(error instanceof RecordError ? [error.operator, error.record, String(error.cause)] : String(error))
  const policy: RecordErrorHandler =
    skip === undefined
      ? undefined
      : (error) => {
          note(error)
          return skip ? 'skip' : 'fail'
        }
  let turns = 0
  try {
    const pass = make(forms[form]!(records), chain, sink, policy)
    while (pass.advance(given.sizes[turns++ % given.sizes.length]!) === 0) {
      if (turns > 100_000) throw new Error('no end')
    }
  } catch (error) {
    note(error)
    // How far the counts of a failed run have come says nothing.
    return { failed: errors, log }
  }
  const results: Record<string, unknown> = { ...sink, origin: undefined, f: undefined, merge: undefined }
  results['map'] = sink.kind === 'combine' ? [...tableOf(sink)] : undefined
  results['integers'] = undefined
  if (sink.kind === 'collect') results['out'] = collected(sink)
  return {
    sink: { ...results, create: undefined, partitionOf: undefined, chunks: undefined },
    counts: chain.map(({ taken, given }) => [taken, given]),
    errors,
    log,
  }
}

function interpreted(...args: ConstructorParameters<typeof Interpreter>) {
  return new Interpreter(...args)
}
function fused(...args: ConstructorParameters<typeof Interpreter>) {
  return new FusedLoop(...args)
}

function againstInterpreter() {
  test('gives, counts and calls what the interpreter does', () => {
    fc.assert(
      fc.property(
        fc.record({ makeSteps: fc.array(steps, { maxLength: 6 }), makeSink: sinks, input: inputs, sizes: budgets }),
        (given) => {
          expect(run(fused, given, undefined)).toEqual(run(interpreted, given, undefined))
        },
      ),
      { numRuns: 300 },
    )
  })

  test('fails on the same record, and leaves out the same records, as the interpreter', () => {
    const given = fc.record({
      makeSteps: fc.array(unsafeSteps, { maxLength: 5 }),
      makeSink: sinks,
      input: inputs,
      sizes: budgets,
    })
    fc.assert(
      fc.property(given, fc.constantFrom(undefined, true, false), (g, skip) => {
        expect(run(fused, g, skip)).toEqual(run(interpreted, g, skip))
      }),
      { numRuns: 400 },
    )
  })
}

// Where code may not be generated, generated loops have nothing to show.
if (codeMayBeGenerated()) describe('a generated loop', againstInterpreter)

const engines = [['interpreter', interpreted] as const, ['generated loop', fused] as const]

/** Straight into a table, so that the keys decide. */
const combines: fc.Arbitrary<MakeSink> = fc.constantFrom<MakeSink>(
  (_, origin) =>
    combineSink(
      origin,
      undefined,
      throwing((a, b) => small(a) + small(b)),
    ),
  (_, origin) => combineSink(origin, throwing((v) => [v]), throwing((c: unknown[], v) => (c.push(v), c))), // prettier-ignore
)
const pairs = fc.array(fc.tuple(keys, fc.integer({ min: 8, max: 14 })), { maxLength: 40 })
/** One key for a while, and perhaps others after it. */
const oneKeyFirst = fc
  .tuple(
    fc.oneof(keys, fc.constantFrom<unknown>('a key', true, 5n)),
    fc.array(fc.oneof(fc.integer({ min: 8, max: 14 }), fc.constantFrom('text', undefined)), { maxLength: 30 }),
    fc.oneof(fc.constant([]), pairs),
  )
  .map(([key, values, others]) => [...values.map((value) => [key, value] as const), ...others])

if (codeMayBeGenerated()) {
  test('whole numbers among other keys, and keys that are left out', () => {
    const given = fc.record({
      makeSteps: fc.array(fc.constant(step('map', (x) => x)), { maxLength: 1 }),
      makeSink: combines,
      input: fc.tuple(fc.oneof(pairs, oneKeyFirst), fc.constantFrom('array', 'columns', 'pairs', 'iterator')),
      sizes: budgets,
    })
    fc.assert(
      fc.property(given, fc.constantFrom(undefined, true), (g, skip) => {
        expect(run(fused, g, skip)).toEqual(run(interpreted, g, skip))
      }),
      { numRuns: 1000 },
    )
  })
}

describe.each(engines.slice(0, codeMayBeGenerated() ? 2 : 1))('%s', (_, make) => {
  test('counts per step, and stops where a take is full', () => {
    const given: Run = {
      makeSteps: [step('map', (x) => x + 1), step('filter', (x) => x % 2 === 0), step('flatMap', (x) => [x, x, x])],
      makeSink: () => ({ kind: 'take', out: [], limit: 4 }),
      input: [[1, 2, 3, 4, 5], 'array'],
      sizes: [2],
    }
    const result = run(make, given, undefined)
    expect(result).toMatchObject({ sink: { out: [2, 2, 2, 4] } })
    expect(result.counts).toEqual([
      [3, 3],
      [3, 2],
      [2, 4],
    ])
  })
})
