import { afterEach, describe, expect, test } from 'vitest'
import { type Ended, endJobs, jobFile, startJob } from './run-job.js'

afterEach(endJobs)

/** The map sides of the operators that are behind a union of two streams. */
const UNIONS = 3
/** The partitions of random graphs behind shuffles, whose records are too few to be sent. */
const FEW = 6
const masters = ['local[2]', 'local-cluster[2,1,1024]']

/** Returns batches with the numbers of one output as they are to about fifteen digits. */
function rounded(batches: Ended['batches'], output: string): Ended['batches'] {
  const shorten = (value: unknown): unknown =>
    typeof value === 'number' ? Number(value.toPrecision(12)) : Array.isArray(value) ? value.map(shorten) : value
  return { ...batches, [output]: batches[output]!.map((records) => records.map(shorten)) }
}

/** Returns how many map sides and shared streams the log promises to run on the cluster. */
function promised(errors: string): number {
  const named = errors.matchAll(/(?:map sides|shared streams) on the cluster: ([^;]*);/g)
  return [...named].reduce((n, [, names]) => n + names!.split(', ').length, 0)
}

describe.each(masters)('a job on %s gives what it gives in one process', (master) => {
  test('all operators and random graphs', async () => {
    const file = jobFile('operators.mjs')
    const here = await startJob(file, undefined).ended
    const there = await startJob(file, ['--master', master]).ended
    expect({ code: there.code, errors: there.errors }).toMatchObject({ code: 0 })
    expect(Object.keys(there.batches).length).toBeGreaterThan(50)
    // Sums of fractions are made partition by partition, as with `threads`.
    expect(rounded(there.batches, 'fractions')).toEqual(rounded(here.batches, 'fractions'))
    // The log speaks the truth about what runs where: four partitions, and eight behind unions, in all batches but the last, which is
    // not reported yet.
    expect(there.errors).toMatch(/shared streams on the cluster: [^;]*\bflatMap#1\b/)
    const onWorkers = (promised(there.errors) + UNIONS) * 4 * 5
    expect(there.tasks).toEqual({ onMainThread: FEW * 5, onWorkers, repeated: 0 })
  })

  test('map sides behind shuffles of many records, outside of transform and in it', async () => {
    const file = jobFile('reshuffled.mjs')
    const here = await startJob(file, undefined).ended
    const there = await startJob(file, ['--master', master]).ended
    expect({ code: there.code, errors: there.errors }).toMatchObject({ code: 0 })
    expect(Object.keys(there.batches)).toHaveLength(5)
    expect(there.batches).toEqual(here.batches)
    // All map sides, in all batches but the last.
    expect(there.tasks).toEqual({ onMainThread: 0, onWorkers: (8 * 4 + 8) * 3, repeated: 0 })
    expect(there.errors).toContain(
      'map sides on the cluster for many records in several partitions: reduceByKey#2 (behind reduceByKey#1); ',
    )
  })

  test('a job in TypeScript finds its file, its arguments and its environment', async () => {
    const file = jobFile('places.ts')
    const there = await startJob(file, ['--master', master, '--env', 'PLACE_NAME=here', '--', '3']).ended
    const [first] = there.batches['counts'] ?? []
    const line =
      '// What a job finds around it: its own file, its arguments and its environment, here and on the executors.'
    // Spark's own log may speak of errors while its executors end.
    expect(there.errors).not.toMatch(/dstream (?:error|warn)/)
    const counts = first as readonly (readonly [string, number, string])[]
    expect(new Set(counts.map(([key]) => key))).toEqual(new Set(['here 0', 'here 1', 'here -1']))
    expect(counts.reduce((sum, [, count]) => sum + count, 0)).toBe(600 * 3)
    expect(counts.map(([, , text]) => text)).toEqual([line, line, line])
    expect(there.tasks.onWorkers).toBe(4)
  })
})

test('a job in CommonJS', async () => {
  const file = jobFile('common.cjs')
  const here = await startJob(file, undefined).ended
  const there = await startJob(file, ['--master', 'local[2]']).ended
  expect(there.code).toBe(0)
  expect(there.batches).toEqual(here.batches)
  expect(there.tasks.onWorkers).toBe(4)
})
