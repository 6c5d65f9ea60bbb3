import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rowOf } from '../../test/test-pages.js'
import { Frontier } from './frontier.js'

describe('Frontier', () => {
  test('a row is handed out when it is new and when it has changed, not otherwise', () => {
    const frontier = new Frontier()
    const notice = (replies: number, now: number): boolean =>
      frontier.notice(rowOf({ id: '1', replies, lastPostAt: 0 }), 60_000, now)
    expect(notice(1, 0)).toBe(true)
    expect(frontier.take(0)?.row.replies).toBe(1)
    frontier.done('1')
    expect(notice(1, 10_000)).toBe(false)
    expect(frontier.take(10_000)).toBeUndefined()
    expect(notice(2, 20_000)).toBe(true)
    expect(frontier.take(20_000)?.row.replies).toBe(2)
  })

  test('one entry per topic, whatever changes meanwhile, with its newest row', () => {
    const frontier = new Frontier()
    for (let replies = 1; replies <= 5; replies++) frontier.notice(rowOf({ id: '1', replies }), undefined, 0)
    expect(frontier.waiting).toBe(1)
    expect(frontier.take(0)?.row.replies).toBe(5)
    // Under visit: it waits until that is done.
    frontier.notice(rowOf({ id: '1', replies: 6 }), undefined, 0)
    expect(frontier.take(0)).toBeUndefined()
    expect(frontier.nextAt()).toBeUndefined()
    frontier.done('1')
    expect(frontier.take(0)?.row.replies).toBe(6)
  })

  test('a row of the newest second is visited once more when that second is over', () => {
    const frontier = new Frontier()
    const row = rowOf({ id: '1', lastPostAt: 59_500 })
    const visit = (now: number): boolean => {
      frontier.notice(row, 60_000, now)
      const pending = frontier.take(now)
      if (pending) frontier.done('1')
      return pending !== undefined
    }
    expect([0, 1999, 2000, 4000, 9000].map(visit)).toEqual([true, false, true, false, false])
  })

  test('a failed visit waits, and a newer row does not shorten the wait', () => {
    const frontier = new Frontier()
    frontier.notice(rowOf({ id: '1', replies: 1 }), undefined, 0)
    const pending = frontier.take(0)
    if (pending) frontier.failed(pending, 5000)
    expect(frontier.take(4999)).toBeUndefined()
    expect(frontier.nextAt()).toBe(5000)
    frontier.notice(rowOf({ id: '1', replies: 2 }), undefined, 100)
    expect(frontier.take(4999)).toBeUndefined()
    expect(frontier.take(5000)).toMatchObject({ failures: 1, row: { replies: 2 } })
  })

  test('no change is lost, and no topic is under visit twice, whatever the order of things', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('notice' as const), id: fc.integer({ min: 1, max: 4 }) }),
      fc.record({ do: fc.constant('take' as const) }),
      fc.record({ do: fc.constantFrom('done' as const, 'failed' as const), id: fc.integer({ min: 1, max: 4 }) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const frontier = new Frontier()
        const replies = new Map<string, number>()
        const read = new Map<string, number>()
        const visiting = new Map<string, NonNullable<ReturnType<Frontier['take']>>>()
        const take = (now: number): boolean => {
          const pending = frontier.take(now)
          if (pending === undefined) return false
          expect(visiting.has(pending.row.id)).toBe(false)
          visiting.set(pending.row.id, pending)
          return true
        }
        const finish = (id: string): void => {
          const pending = visiting.get(id)
          if (!visiting.delete(id) || !pending) return
          frontier.done(id)
          read.set(id, pending.row.replies)
        }
        steps.forEach((s, now) => {
          if (s.do === 'notice') {
            replies.set(String(s.id), (replies.get(String(s.id)) ?? 0) + 1)
            frontier.notice(rowOf({ id: String(s.id), replies: replies.get(String(s.id)) as number }), undefined, now)
          } else if (s.do === 'take') take(now)
          else if (s.do === 'done') finish(String(s.id))
          else {
            const pending = visiting.get(String(s.id))
            if (pending && visiting.delete(String(s.id))) frontier.failed(pending, now + 3)
          }
        })
        for (const id of [...visiting.keys()]) finish(id)
        while (take(1e6)) for (const id of [...visiting.keys()]) finish(id)
        expect([...read].sort()).toEqual([...replies].sort())
      }),
    )
  })
})
