import { HashPartitioner, Seconds, type DStream, type State } from 'dstream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { WorkerFrame } from '../src/engine/stages/frames.js'
import { add, byDigit, byName, many, runAll, type DefineAll, type Options, type Rows } from './threads-run.js'

// States whose partitions are updated by workers, each of which keeps copies of its partitions.

const numPartitions = 4
const byPair = (n: number): [[number, string], number] => [[Math.abs(n) % 5, `${n % 3}`], n]

interface Seen {
  readonly count: number
  readonly last: readonly number[]
}

/** Adds up; a negative value drops the key, and a key without values for a batch in which its sum is even too. */
function sumOrDrop(values: readonly number[], sum: number | undefined): number | undefined {
  if (values.some((n) => n < 0) || (values.length === 0 && (sum ?? 0) % 2 === 0)) return undefined
  return values.reduce(add, sum ?? 0)
}

/** Changes the state that it is given, and returns it. */
function change(values: number[], state: { sum: number; calls: number } | undefined) {
  const next = state ?? { sum: 0, calls: 0 }
  next.calls++
  next.sum += values.reduce(add, 0) / 7
  return next
}

function follow(key: unknown, n: number | undefined, state: State<Seen>): unknown {
  if (state.isTimingOut()) return { key, out: state.get() }
  const { count, last } = state.getOption() ?? { count: 0, last: [] }
  if (n! % 11 === 3) {
    if (state.exists()) state.remove()
    return undefined
  }
  // Looks without a change.
  if (n! % 5 === 1) return [key, count]
  // Removes a key and adds it again in one batch where more records come.
  state.update({ count: count + 1, last: [...last, n!].slice(-3) })
  return [key, count + 1, last]
}

const oddEven = { numPartitions: 3, getPartition: (key: unknown) => (String(key).length + Number(key === 'n1')) % 3 }

type Stateful = (numbers: DStream<number>) => Readonly<Record<string, DStream<unknown>>>

const states: Readonly<Record<string, Stateful>> = {
  updateStateByKey: (s) => ({ all: s.mapToPair(byName).updateStateByKey(sumOrDrop, { numPartitions }) }),
  'compound keys': (s) => ({ all: s.mapToPair(byPair).updateStateByKey(sumOrDrop, { numPartitions }) }),
  'a state that is changed in place': (s) => ({
    all: s.mapToPair(byDigit).updateStateByKey(change, { numPartitions }),
  }),
  'initial states': (s) => ({
    all: s.mapToPair(byDigit).updateStateByKey(sumOrDrop, {
      numPartitions,
      initialState: new Map([
        [3, 5],
        [77, 1],
      ]),
    }),
  }),
  'a partitioner of the user': (s) => ({
    all: s.mapToPair(byName).updateStateByKey(sumOrDrop, { partitioner: oddEven }),
  }),
  'a window of states': (s) => {
    const all = s.mapToPair(byDigit).updateStateByKey(sumOrDrop, { numPartitions: 2 })
    return { window: all.window(Seconds(2), Seconds(1)), count: all.count(), joined: all.join(s.mapToPair(byDigit)) }
  },
  mapWithState: (s) => {
    const mapped = s.mapToPair(byName).mapWithState(follow, { numPartitions })
    return { mapped, all: mapped.stateSnapshots() }
  },
  'mapWithState with a timeout': (s) => {
    const mapped = s.mapToPair(byDigit).mapWithState(follow, { numPartitions, timeout: Seconds(2) })
    return { mapped, all: mapped.stateSnapshots() }
  },
  'mapWithState with a partitioner and initial states': (s) => {
    const mapped = s.mapToPair(byDigit).mapWithState(follow, {
      partitioner: new HashPartitioner(3),
      timeout: Seconds(1),
      initialState: [[4, { count: 9, last: [] }] as const],
    })
    return { mapped, all: mapped.stateSnapshots() }
  },
}

/** Runs streams, with the replies of workers that are noted. */
async function run(rows: Rows, define: Stateful, threads: number | undefined, options: Options = {}) {
  const replies: WorkerFrame['type'][] = []
  const seen = (frame: WorkerFrame): void => void replies.push(frame.type)
  const ended = await runAll(rows, define, threads, { leastBytes: 0, ...options, seen })
  const times = (type: WorkerFrame['type']): number => replies.filter((reply) => reply === type).length
  return { ...ended, updated: times('updated'), wanting: times('wanting'), failed: times('failed') }
}

const rows: Rows = [many.slice(0, 90), many.slice(60, 70), [], [-1, -12, 3, 4, 5, ...many.slice(0, 9)], [], [], many]

describe('states are the same on any number of threads', () => {
  test.each(Object.entries(states))('%s', async (_, define) => {
    const [none, one, two, three] = [
      await run(rows, define, undefined),
      await run(rows, define, 1),
      await run(rows, define, 2),
      await run(rows, define, 3),
    ]
    expect(none.errors).toEqual([])
    for (const { batches } of [one, two, three]) expect(batches).toStrictEqual(none.batches)
    expect(Object.values(none.batches)[0]!.flat().length).toBeGreaterThan(0)
    expect(two.updated).toBeGreaterThan(3)
    // Each worker goes on with its copies.
    expect([two.wanting, two.failed, two.tasks.repeated, three.wanting]).toEqual([0, 0, 0, 0])
  })
})
