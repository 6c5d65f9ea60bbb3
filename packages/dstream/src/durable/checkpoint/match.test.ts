import { describe, expect, test } from 'vitest'
import type { OperatorSignature } from './checkpoint.js'
import { match, type StoredOperator } from './match.js'

function op(id: string, more: Partial<OperatorSignature> = {}): OperatorSignature {
  return {
    id,
    derived: id.includes('#'),
    kind: id.split('#')[0]!,
    fingerprint: 'f1',
    tables: ['state'],
    version: 1,
    ...more,
  }
}
function plain(id: string): OperatorSignature {
  return op(id, { tables: [] })
}
function idsOf(stored: readonly StoredOperator[]) {
  return new Set(stored.filter(({ tables }) => tables.length > 0).map(({ id }) => id))
}
function decide(
  stored: readonly StoredOperator[],
  current: readonly OperatorSignature[],
  allow: readonly string[] = [],
) {
  return match(stored, { holds: idsOf(stored), begun: new Set() }, current, allow)
}

describe('kept', () => {
  test('the same program', () => {
    const program = [plain('map#1'), op('totals', { kind: 'updateStateByKey' }), op('updateStateByKey#1')]
    expect(decide(program, program)).toEqual({
      kept: ['totals', 'updateStateByKey#1'],
      migrated: [],
      fresh: [],
      dropped: [],
      refusal: undefined,
    })
  })

  test('a uid, wherever it stands now', () => {
    const before = [op('totals', { kind: 'updateStateByKey' })]
    const after = [
      plain('filter#1'),
      op('totals', { kind: 'updateStateByKey', fingerprint: 'f2' }),
      op('updateStateByKey#1'),
    ]
    expect(decide(before, after)).toMatchObject({ kept: ['totals'], fresh: ['updateStateByKey#1'], refusal: undefined })
  })

  test('a derived id that was made a uid: the way out that the refusal names', () => {
    const before = [op('updateStateByKey#1')]
    const after = [op('updateStateByKey#1', { derived: false, fingerprint: 'f2' }), op('updateStateByKey#2')]
    expect(decide(before, after)).toMatchObject({ kept: ['updateStateByKey#1'], refusal: undefined })
  })

  test('a migrated one', () => {
    const after = [op('updateStateByKey#1', { version: 2, migrate: (old) => old })]
    expect(decide([op('updateStateByKey#1')], after)).toMatchObject({
      kept: ['updateStateByKey#1'],
      migrated: ['updateStateByKey#1'],
    })
  })

  test('an operator without state may change at will', () => {
    expect(decide([plain('map#1'), op('s#1')], [op('s#1'), plain('flatMap#9')])).toMatchObject({
      kept: ['s#1'],
      refusal: undefined,
    })
  })

  test('an operator that has got one more table', () => {
    expect(decide([op('s#1')], [op('s#1', { tables: ['state', 'timers'] })]).refusal).toBeUndefined()
  })
})

describe('refused', () => {
  const cases: [string, StoredOperator[], OperatorSignature[], RegExp[]][] = [
    [
      'an operator inserted before it',
      [op('s#1')],
      [op('s#1', { fingerprint: 'f2' })],
      [/what it is made from has changed/, /\.uid\("s#1"\)/],
    ],
    [
      'a second one of the same making',
      [op('s#1')],
      [op('s#1'), op('s#2')],
      [/2 unnamed operators like it where it had 1/, /new: s#1, s#2; would be dropped: s#1/],
    ],
    [
      'one of two removed',
      [op('s#1'), op('s#2')],
      [op('s#1')],
      [/1 unnamed operators like it where it had 2/, /s#2 \(s\) is not in the program any more: if it belongs to s#1/],
    ],
    [
      'the operator removed',
      [op('s#1')],
      [plain('map#1')],
      [/s#1 \(s\) is not in the program any more: to drop its state, allowDroppedState: \["s#1"\]/],
    ],
    [
      'renamed by uid',
      [op('s#1')],
      [op('totals', { kind: 's' })],
      [/if it belongs to totals, give that one \.uid\("s#1"\)/],
    ],
    ['another kind', [op('x', { kind: 'a' })], [op('x', { kind: 'b' })], [/x was a and is b now/]],
    ['another table', [op('x')], [op('x', { tables: ['other'] })], [/x keeps other where it kept state/]],
    [
      'another version without migrate',
      [op('x')],
      [op('x', { version: 3 })],
      [/version 1, and the program has version 3 without migrate/],
    ],
  ]
  test.each(cases)('%s', (_, before, after, texts) => {
    const plan = decide(before, after)
    for (const text of texts) expect(plan.refusal).toMatch(text)
    expect(plan.refusal).toMatch(/Nothing has been changed/)
  })

  test('everything that is wrong at once, with kept and new', () => {
    const { refusal } = decide(
      [op('a#1', { fingerprint: 'x' }), op('b#1'), op('c#1')],
      [op('a#1', { fingerprint: 'x' }), op('d#1')],
    )
    expect(refusal).toMatch(/kept: a#1; new: d#1; would be dropped: b#1, c#1/)
  })
})

describe('a table that is empty', () => {
  const empty = (begun: readonly string[]) => ({ holds: new Set<string>(), begun: new Set(begun) })
  test('is kept when it has been part of a commit: initial values are not given again', () => {
    expect(match([op('s#1')], empty(['s#1']), [op('s#1')], [])).toMatchObject({ kept: ['s#1'], fresh: [] })
    expect(match([op('s#1')], empty([]), [op('s#1')], [])).toMatchObject({ kept: [], fresh: ['s#1'] })
  })
  test("is in nobody's way", () => {
    expect(match([op('s#1')], empty(['s#1']), [], []).refusal).toBeUndefined()
  })
})

describe('allowDroppedState', () => {
  test('drops what it names, and only where it has to', () => {
    expect(decide([op('s#1')], [], ['s#1'])).toMatchObject({ dropped: ['s#1'], refusal: undefined })
    expect(decide([op('s#1')], [op('s#1')], ['s#1'])).toMatchObject({ kept: ['s#1'], dropped: [] })
    expect(decide([op('s#1'), op('t#1')], [], ['s#1']).refusal).toMatch(/would be dropped: t#1, s#1/)
  })

  test('lets an operator that has changed begin anew', () => {
    expect(decide([op('s#1')], [op('s#1', { fingerprint: 'f2' })], ['s#1'])).toMatchObject({
      dropped: ['s#1'],
      fresh: ['s#1'],
      kept: [],
      refusal: undefined,
    })
  })
})
