import { crashPoints, Seconds, type Sink, type TwoPhaseSink } from 'dstream'
import { aFunction } from '../../base/options.js'
import { TestContext } from '../test-context.js'
import { crashAt, mustEqual, type ContractCase } from './contract.js'

/** A place that a sink writes to, empty at first. */
export interface SinkPlace<T> {
  /** Returns a new sink on this place, as another process of the same job would make it. */
  sink(): Sink<T> | TwoPhaseSink<T>
  /** Returns the record number `n`, from 0; all differ. */
  record(n: number): T
  /** Returns all records that a reader of the place sees, in any order within a batch. */
  read(): Promise<readonly T[]>
  /** Makes the place unreachable, like a server that is down. Resolves to a function that brings it back. */
  takeAway?(): Promise<() => Promise<void>>
  /** Removes the place. */
  close?(): Promise<void>
}

const BATCHES = 3

/**
 * Returns the rules that every sink keeps, each as a case for a test runner. Every record is there once, in order of
 * the batches: after a crash at each crash point of a batch, after a failed attempt, and for the next run of the job.
 *
 * @param make returns a new, empty place for each case
 *
 * @example
 * const rules = sinkContract<number>(() => {
 *   const batches = new Map<number, number[]>()
 *   return {
 *     sink: () => ({
 *       write: async ({ time, rdd }) => void batches.set(time.milliseconds, await rdd.collect()),
 *       lastCommitted: () => (batches.size === 0 ? undefined : new Time([...batches.keys()].at(-1)!)),
 *     }),
 *     record: (n) => n,
 *     read: () => Promise.resolve([...batches.values()].flat()),
 *   }
 * })
 * for (const { run } of rules) await run()
 */
export function sinkContract<T>(make: () => SinkPlace<T> | Promise<SinkPlace<T>>): readonly ContractCase[] {
  aFunction('sinkContract', 'make', make)
  const rule = (name: string, check: (place: SinkPlace<T>) => Promise<void>): ContractCase => ({
    name,
    run: async () => {
      const place = await make()
      try {
        await check(place)
      } finally {
        await place.close?.()
      }
    },
  })
  return [
    rule('every record is there once, in order of the batches', inOrder),
    rule('lastCommitted is the time of the newest batch, for a new sink too', knowsItsNewest),
    rule('the next run of the job goes on behind it', goesOn),
    ...crashPoints.map((at) => rule(`a crash at ${at}: every record is there once`, (place) => crashed(place, at))),
    rule('a place that is away: its batches wait, and come in order when it is back', waits),
  ]
}

function rowsOf<T>(place: SinkPlace<T>): T[][] {
  return Array.from({ length: BATCHES }, (_, i) => [place.record(2 * i), place.record(2 * i + 1)])
}

async function mustHold<T>(place: SinkPlace<T>, batches: readonly (readonly T[])[]): Promise<void> {
  const found = [...(await place.read())]
  // The records of one batch may come in any order; those of two batches may not.
  const sorted = batches.map((batch) => inOrderOf(found.splice(0, batch.length)))
  mustEqual('The records of the place', [...sorted, ...(found.length > 0 ? [found] : [])], batches.map(inOrderOf))
}

function inOrderOf(records: readonly unknown[]): unknown[] {
  return [...records].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}

async function inOrder<T>(place: SinkPlace<T>): Promise<void> {
  const rows = rowsOf(place)
  const t = new TestContext({ batchInterval: Seconds(1) })
  t.input(rows).to(place.sink())
  await t.run()
  await t.ssc.stop()
  await mustHold(place, rows)
}

async function knowsItsNewest<T>(place: SinkPlace<T>): Promise<void> {
  await inOrder(place)
  const sink = place.sink()
  await sink.open?.({ job: 'contract', output: 'to#1', wrapStorage: (storage) => storage })
  const last = await sink.lastCommitted()
  await sink.close?.()
  mustEqual('lastCommitted of a new sink', last?.milliseconds, BATCHES * 1000)
}

async function goesOn<T>(place: SinkPlace<T>): Promise<void> {
  const rows = rowsOf(place)
  const t = new TestContext({ batchInterval: Seconds(1) })
  t.input(rows).to(place.sink())
  await t.run(1)
  const next = await t.crashAndRecover((again) => void again.input(rows).to(place.sink()))
  await next.run()
  await next.stop()
  await mustHold(place, rows)
}

async function crashed<T>(place: SinkPlace<T>, at: string): Promise<void> {
  const rows = rowsOf(place)
  const t = new TestContext({ batchInterval: Seconds(1) })
  t.input(rows).to(place.sink())
  await t.run(1)
  const define = (again: TestContext): void => void again.input(rows).to(place.sink())
  const next = await crashAt(t, define, at)
  if (next === undefined) return
  await next.run()
  await next.stop()
  await mustHold(place, rows)
}

async function waits<T>(place: SinkPlace<T>): Promise<void> {
  if (place.takeAway === undefined) return
  const rows = rowsOf(place)
  const t = new TestContext({ batchInterval: Seconds(1), retry: { attempts: Infinity } })
  t.input(rows).to(place.sink())
  await t.run(1)
  const bringBack = await place.takeAway()
  await t.run(1).catch(() => undefined)
  await bringBack()
  await t.run()
  await t.stop()
  await mustHold(place, rows)
}
