import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { endJobs, jobFile, startJob } from './run-job.js'

afterEach(endJobs)

interface Call {
  readonly partition: number
  readonly attempt: number
  readonly pid: number
  readonly sum: number
}

/** Runs the job on four files of words. Returns its end and the calls that it has made, in order of time. */
async function run(options: readonly string[] | undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'dstream-spark-test-'))
  mkdirSync(join(folder, 'in'))
  for (const i of [0, 1, 2, 3]) writeFileSync(join(folder, 'in', `${i}.txt`), 'some words of a file\n'.repeat(500 + i))
  const { child, ended } = startJob(jobFile('beside.mjs'), options, { args: [folder] })
  const end = await ended
  const names = readdirSync(folder).filter((name) => name.startsWith('call-'))
  const calls = names.map((name): [string, Call] => [
    name,
    JSON.parse(readFileSync(join(folder, name), 'utf8')) as Call,
  ])
  rmSync(folder, { recursive: true })
  return { ...end, pid: child.pid, calls: calls.sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true })) }
}

test('files are read and partitions handed out on executors; only what failed is handed out again', async () => {
  const here = await run(undefined)
  const there = await run(['--master', 'local[2]'])
  expect({ code: there.code, errors: there.errors }).toMatchObject({ code: 0 })
  expect(there.errors).toContain('outputs on the cluster: foreachPartition#1')
  expect(there.batches['words']!.flat().sort()).toEqual(here.batches['words']!.flat().sort())

  const partsOf = ({ calls }: typeof here) => calls.map(([, { partition, attempt, sum }]) => [partition, attempt, sum])
  const finished = ({ calls }: typeof here): unknown[] =>
    [...new Map(calls.map(([name, { sum }]) => [name.replace(/-\d+$/, ''), sum])).values()].sort()
  expect(finished(there)).toEqual(finished(here))
  // Partitions 0 and 1 of the first batch have ended well in the first attempt, 2 has failed, 3 was given up.
  expect(partsOf(there).map(([partition, attempt]) => `${partition}.${attempt}`)).toEqual([
    ...['0.1', '1.1', '2.1', '2.2', '3.1', '3.2'],
    ...['0.1', '1.1', '2.1', '3.1'],
  ])
  expect(there.calls.filter(([, { pid }]) => pid === there.pid)).toEqual([])
  // The attempt ends when its time is over, whatever has failed in it.
  expect(there.errors).toContain('for 3000 ms, its timeout')
})
