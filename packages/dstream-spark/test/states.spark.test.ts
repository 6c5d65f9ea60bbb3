import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { descendants, EXECUTOR, JVM, WORKER } from './processes.js'
import { type Ended, endJobs, jobFile, startJob } from './run-job.js'

afterEach(endJobs)

const folder = mkdtempSync(join(tmpdir(), 'dstream-spark-test-'))
afterAll(() => rmSync(folder, { recursive: true }))

const job = jobFile('states.mjs')
const masters = ['local[2]', 'local-cluster[2,1,1024]']
/** The word of the process that is killed, by the number of completed batches. Behind the JVM's end most batches are the driver's. */
const LOCAL_KILLS = new Map([
  [2, WORKER],
  [5, WORKER],
  [7, JVM],
])
const CLUSTER_KILLS = new Map([
  [2, WORKER],
  [3, EXECUTOR],
  [5, WORKER],
  [6, EXECUTOR],
  [8, JVM],
])
const OUTPUTS = ['sums', 'mapped', 'all']

/** Returns the batches of the outputs that are the same in every run. */
function batchesOf({ batches }: Ended): unknown[] {
  return OUTPUTS.map((output) => batches[output])
}

let embedded: Ended
beforeAll(async () => {
  embedded = await startJob(job, undefined).ended
  expect(embedded.batches['sums']!.length).toBe(10)
})

describe.each(masters)('states on %s are those of one process', (master) => {
  test('without a fault, and each partition stays at its worker', async () => {
    const there = await startJob(job, ['--master', master]).ended
    expect({ code: there.code, errors: there.errors }).toMatchObject({ code: 0 })
    expect(batchesOf(there)).toEqual(batchesOf(embedded))
    expect(there.errors).toMatch(/states on the cluster: updateStateByKey#1, mapWithState#1;/)
    expect(there.tasks).toMatchObject({ onMainThread: 0, repeated: 0 })
    const pids = there.batches['pids'] as readonly (readonly (readonly number[])[])[]
    // No partition is made in the driver, nor in two workers at once.
    expect(pids.flat().filter((of) => of.length > 1)).toEqual([])
    const moves = pids.slice(1).flatMap((batch, b) => batch.filter((of, p) => of[0] !== pids[b]![p]![0]))
    // A busy machine may move a partition, for which its table is sent once.
    expect(moves.length).toBeLessThan((pids.flat().length - 4) / 2)
  })

  test('when SIGKILL ends workers, executors and the JVM', async () => {
    const kills = master === 'local[2]' ? LOCAL_KILLS : CLUSTER_KILLS
    const killed = new Set<string>()
    const there = await startJob(job, ['--master', master], {
      onLine: ({ completed = 0 }, { pid }) => {
        const word = kills.get(completed)
        const first = word === undefined ? undefined : descendants(pid!, word)[0]
        if (first === undefined) return
        process.kill(first, 'SIGKILL')
        killed.add(word!)
      },
    }).ended
    expect(killed).toEqual(new Set(kills.values()))
    expect({ code: there.code, errors: there.errors }).toMatchObject({ code: 0 })
    expect(batchesOf(there)).toEqual(batchesOf(embedded))
  })
})

test('a driver that is killed goes on from its checkpoint, on Spark and then in one process', async () => {
  const env = { CHECKPOINT: join(folder, 'cut') }
  const first = await startJob(job, ['--master', 'local[2]'], {
    env,
    onLine: ({ completed }, child) => void (completed === 3 && child.kill('SIGKILL')),
  }).ended
  expect(first.signal).toBe('SIGKILL')
  const second = await startJob(job, ['--master', 'local[2]'], { env: { ...env, BATCHES: '4' } }).ended
  const third = await startJob(job, undefined, { env: { ...env, BATCHES: '8' } }).ended
  expect([second.code, third.code]).toEqual([0, 0])
  for (const output of OUTPUTS) {
    const byTime = new Map<number, unknown>()
    for (const { output: name, time, records } of [first, second, third].flatMap(({ lines }) => lines)) {
      if (name !== output) continue
      if (byTime.has(time!)) expect(records).toEqual(byTime.get(time!))
      byTime.set(time!, records)
    }
    const batches = [...byTime].sort(([a], [b]) => a - b).map(([, records]) => records)
    expect(batches.slice(0, 10)).toEqual(embedded.batches[output])
  }
})

describe('a state that nobody reads is packed in the driver', () => {
  const unread = jobFile('unread-states.mjs')
  /** The most keys that were packed behind a batch. */
  const packedIn = ({ batches }: Ended): number => Math.max(...batches['packed']!.map(([keys]) => keys as number))

  test.each(masters)('on %s, also when workers are killed that have its copies', async (master) => {
    const plain = await startJob(unread, undefined).ended
    const killed: number[] = []
    const there = await startJob(unread, ['--master', master], {
      onLine: ({ completed = 0 }, { pid }) => {
        const worker = completed === 13 || completed === 15 ? descendants(pid!, WORKER)[0] : undefined
        if (worker !== undefined) killed.push(Number(process.kill(worker, 'SIGKILL')))
      },
    }).ended
    expect({ code: there.code, errors: there.errors }).toMatchObject({ code: 0 })
    expect(killed.length).toBe(2)
    expect(there.batches['mapped']).toEqual(plain.batches['mapped'])
    expect(packedIn(there)).toBeGreaterThan(200)
    expect(packedIn(plain)).toBe(0)
  })

  test('and goes on from its checkpoint', async () => {
    const plain = await startJob(unread, undefined).ended
    const env = { CHECKPOINT: join(folder, 'unread') }
    const first = await startJob(unread, ['--master', 'local[2]'], {
      env,
      onLine: ({ completed }, child) => void (completed === 14 && child.kill('SIGKILL')),
    }).ended
    const second = await startJob(unread, undefined, { env }).ended
    expect([first.signal, second.code]).toEqual(['SIGKILL', 0])
    expect(packedIn(first)).toBeGreaterThan(200)
    const byTime = new Map<number, unknown>()
    for (const { output, time, records } of [first, second].flatMap(({ lines }) => lines)) {
      if (output !== 'mapped') continue
      if (byTime.has(time!)) expect(records).toEqual(byTime.get(time!))
      byTime.set(time!, records)
    }
    const batches = [...byTime].sort(([a], [b]) => a - b).map(([, records]) => records)
    expect(batches.slice(0, 20)).toEqual(plain.batches['mapped'])
  })
})
