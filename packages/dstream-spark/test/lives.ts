import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { random } from './jobs/report.mjs'
import { type Ended, jobFile, startJob } from './run-job.js'
import { optionsOf, type Store } from './stores.js'

/** A job with a state, and a source that can be read again. */
export const JOB = jobFile('ranges.mjs')
/** The batches in which its source has something new. */
export const BATCHES = 12

/** Returns the results of the first batches, which lives may have in common. Where they do, they are equal. */
export function resultsOf(lives: readonly Pick<Ended, 'lines'>[], batches = BATCHES): readonly unknown[] {
  const byTime = new Map<number, unknown>()
  for (const { output, time, records } of lives.flatMap(({ lines }) => lines)) {
    if (output === undefined) continue
    if (byTime.has(time!)) expect(records).toEqual(byTime.get(time!))
    byTime.set(time!, records)
  }
  return [...byTime]
    .sort(([a], [b]) => a - b)
    .slice(0, batches)
    .map(([, records]) => records)
}

/** Returns the results of so many batches by a plain loop, for a source that grows with each of them: GROWN. */
export function looped(batches: number): readonly unknown[] {
  const totals = new Map<string, number>()
  return Array.from({ length: batches }, (_, range) => {
    for (let part = 0; part < 4; part++) {
      const next = random(range * 4 + part)
      for (let i = 0; i < 150; i++) {
        const n = next(1000) + 1
        totals.set(`n${n % 9}`, (totals.get(`n${n % 9}`) ?? 0) + n)
      }
    }
    return [...totals]
  })
}

/** Returns the numbers of a range of the source. */
export function numbersOf(range: number): readonly number[] {
  return [0, 1, 2, 3].flatMap((part) => {
    const next = random(range * 4 + part)
    return Array.from({ length: 150 }, () => next(1000))
  })
}

/** Returns the results of a run that nothing disturbs. */
export async function undisturbed(folder: string): Promise<readonly unknown[]> {
  return resultsOf([await embeddedLife(join(folder, 'whole'), BATCHES)])
}

export function embeddedLife(checkpoint: string, batches: number): Promise<Ended> {
  return startJob(JOB, undefined, { env: { CHECKPOINT: checkpoint, BATCHES: String(batches) } }).ended
}

interface SparkLife {
  readonly store: Store
  readonly batches: number
  /** After so many batches it is killed. */
  readonly killAfter?: number
  /** Variables of the job. */
  readonly env?: Readonly<Record<string, string>>
}

/** Runs the job on Spark from a new directory. */
export function sparkLife(
  uri: string,
  folder: string,
  { store, batches, killAfter, env = {} }: SparkLife,
): Promise<Ended> {
  const more = Object.keys(env).flatMap((name) => ['--env', name])
  return startJob(JOB, ['--master', 'local[2]', ...optionsOf(store), ...more], {
    cwd: mkdtempSync(join(folder, 'somewhere-')),
    env: { CHECKPOINT: uri, BATCHES: String(batches), ...env },
    onLine: ({ completed }, child) => {
      if (completed !== undefined && completed === killAfter) child.kill('SIGKILL')
    },
  }).ended
}
