import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import type { Block } from './block.js'
import { apply, emptyLedger, type Ledger, type LedgerEvent, takeAll } from './ledger.js'

function block(id: string, streamId = 0, position?: unknown): Block {
  return {
    id,
    streamId,
    payload: { records: [id] },
    count: 1,
    ...(position === undefined ? {} : { position }),
  }
}
function fold(events: readonly LedgerEvent[], from: Ledger = emptyLedger): Ledger {
  return events.reduce(apply, from)
}
function shape(ledger: Ledger) {
  return {
    waiting: [...ledger.waiting].map(([stream, queue]) => [stream, [...queue.keys()]]),
    batches: [...ledger.batches].map(([time, { blocks, ranges }]) => [
      time,
      [...blocks].map(([stream, list]) => [stream, list.map(({ id }) => id)]),
      [...ranges],
    ]),
    positions: [...ledger.positions],
    forgotten: ledger.forgotten,
  }
}

test('a block waits, goes to the next batch, and is forgotten with it', () => {
  const ranges = new Map([['files#1', { from: 1, until: 5 }]])
  const waiting = fold([
    { type: 'added', block: block('a', 1, 10) },
    { type: 'added', block: block('b', 0) },
    { type: 'added', block: block('c', 1, 20) },
  ])
  const given = apply(waiting, takeAll(waiting, 1000, ranges))
  expect(shape(given)).toEqual({
    waiting: [],
    batches: [
      [
        1000,
        [
          [1, ['a', 'c']],
          [0, ['b']],
        ],
        [...ranges],
      ],
    ],
    positions: [[1, 20]],
    forgotten: -Infinity,
  })
  const empty = apply(given, takeAll(given, 2000, new Map()))
  expect(empty.batches.get(2000)).toEqual({ time: 2000, blocks: new Map(), ranges: new Map() })
  expect([...apply(empty, { type: 'forgotten', until: 1000 }).batches.keys()]).toEqual([2000])
})

test('a value that was taken stays what it was', () => {
  const before = fold([{ type: 'added', block: block('a') }])
  apply(before, takeAll(before, 1000, new Map()))
  expect(shape(before).waiting).toEqual([[0, ['a']]])
})

describe('what cannot have happened', () => {
  test('two waiting blocks of one id', () => {
    expect(() =>
      fold([
        { type: 'added', block: block('a') },
        { type: 'added', block: block('a') },
      ]),
    ).toThrow(expect.objectContaining({ code: 'duplicate-block' }))
    expect(() =>
      fold([
        { type: 'added', block: block('a') },
        { type: 'added', block: block('a', 1) },
      ]),
    ).not.toThrow()
  })

  test('a block that a batch was given and that is not there', () => {
    const event: LedgerEvent = { type: 'allocated', time: 5, blocks: new Map([[0, ['a', 'b']]]), ranges: new Map() }
    expect(() => fold([{ type: 'added', block: block('b') }, event])).toThrow(
      expect.objectContaining({ code: 'block-missing' }),
    )
  })
})

/** Random lives: what is waiting is given to the next batch or kept, batches are forgotten in order. */
const life = fc
  .array(fc.oneof(fc.constantFrom('batch' as const, 'forget' as const), fc.nat(2)), { maxLength: 40 })
  .map((moves) => {
    const events: LedgerEvent[] = []
    let ledger = emptyLedger
    moves.forEach((move, i) => {
      const event: LedgerEvent =
        move === 'batch'
          ? takeAll(ledger, i, new Map([['source', { from: i, until: i + 1 }]]))
          : move === 'forget'
            ? { type: 'forgotten', until: i - 5 }
            : { type: 'added', block: block(`b${i}`, move, i) }
      ledger = apply(ledger, event)
      events.push(event)
    })
    return { events, ledger }
  })

test('every block is in one place: waiting, in one batch, or forgotten', () => {
  fc.assert(
    fc.property(life, ({ events, ledger }) => {
      const added = events.flatMap((event) => (event.type === 'added' ? [event.block.id] : []))
      const placed = [
        ...[...ledger.waiting.values()].flatMap((queue) => [...queue.keys()]),
        ...[...ledger.batches.values()].flatMap(({ blocks }) => [...blocks.values()].flat().map(({ id }) => id)),
        ...events.flatMap((event) =>
          event.type === 'allocated' && event.time <= ledger.forgotten ? [...event.blocks.values()].flat() : [],
        ),
      ]
      expect(placed.sort()).toEqual(added.sort())
    }),
  )
})
