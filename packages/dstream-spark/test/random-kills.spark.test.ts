import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { random } from './jobs/report.mjs'
import { calls, kept } from './kept.js'
import { descendants, EXECUTOR, JVM, WORKER } from './processes.js'
import { endJobs, jobFile, startJob, type Ended, type Running } from './run-job.js'

// SIGKILL at random moments. The moments and the victims follow from a seed, which is in the name of each test: `SEEDS=7,12` runs
// those again, `LONG=1` a hundred.

const LOCAL = 'local[2]'
const CLUSTER = 'local-cluster[2,1,1024]'
const RANGES = 16
const MOST_KILLS = 3
/** The longest pause between a completed batch and a kill: some fall into the next stages, some between two. */
const LONGEST_PAUSE_MS = 150
/** The most lives of a job. A kill ends one at most, and so do two losses of the JVM in a row. */
const MOST_LIVES = 2 * MOST_KILLS + 1

const seeds =
  process.env['SEEDS']?.split(',').map(Number) ??
  Array.from({ length: process.env['LONG'] === undefined ? 10 : 100 }, (_, i) => i + 1)
const MANY_KEYS = process.env['LONG'] === undefined ? 20_000 : 1_000_000
const folder = mkdtempSync(join(tmpdir(), 'dstream-spark-test-'))
afterEach(endJobs)
afterAll(() => rmSync(folder, { recursive: true }))

interface Kill {
  readonly victim: 'driver' | 'worker' | 'executor' | 'JVM'
  /** It follows so many completed batches of all lives together. */
  readonly after: number
  readonly pauseMs: number
}

interface Plan {
  readonly master: string
  /** The keys that have states of their own. */
  readonly keys: number
  readonly kills: readonly Kill[]
}

/** Returns what a seed means. One run in five has executors of their own, and one in five has many keys. */
function planOf(seed: number): Plan {
  const next = random(Math.imul(seed, 2_654_435_761))
  for (let i = 0; i < 8; i++) next(2)
  const master = seed % 5 === 0 ? CLUSTER : LOCAL
  const victims = ['worker', 'JVM', 'driver', ...(master === CLUSTER ? ['executor'] : [])] as const
  const kills = Array.from({ length: 1 + next(MOST_KILLS) }, () => ({
    victim: victims[next(victims.length)] as Kill['victim'],
    after: next(RANGES - 2),
    pauseMs: next(LONGEST_PAUSE_MS),
  }))
  return { master, keys: seed % 5 === 3 ? MANY_KEYS : 0, kills: kills.sort((a, b) => a.after - b.after) }
}

const WORDS = { worker: WORKER, executor: EXECUTOR, JVM } as const

/** Ends a process of a job. Returns whether there was one. */
function kill({ victim }: Kill, { child }: Running): boolean {
  if (child.exitCode !== null || child.signalCode !== null) return false
  const pid = victim === 'driver' ? child.pid! : descendants(child.pid!, WORDS[victim])[0]
  if (pid === undefined) return false
  process.kill(pid, 'SIGKILL')
  return true
}

interface Run {
  readonly lives: readonly Ended[]
  readonly killed: readonly Kill[]
}

/** Runs a job to its end, life after life, while its processes are killed. */
async function run({ master, keys, kills }: Plan, state: string, signal: AbortSignal): Promise<Run> {
  const open = [...kills]
  const killed: Kill[] = []
  const lives: Ended[] = []
  let completed = 0
  do {
    const due = (): void => {
      while (open.length > 0 && open[0]!.after <= completed) {
        const next = open.shift()!
        setTimeout(() => kill(next, life) && killed.push(next), next.pauseMs)
      }
    }
    const life: Running = startJob(jobFile('upserts.mjs'), ['--master', master], {
      env: { STATE: state, RANGES: String(RANGES), KEYS: String(keys) },
      onLine: (line) => {
        if (line.completed === undefined) return
        completed++
        due()
      },
    })
    lives.push(await life.ended)
  } while (lives.at(-1)!.code !== 0 && lives.length < MOST_LIVES && !signal.aborted)
  return { lives, killed }
}

/** Returns what the lives of a job have logged. */
function textOf(lives: readonly Ended[]): string {
  return lives.map(({ code, signal, errors }) => `${errors}ended with ${signal ?? code}`).join('\n')
}

/** What one process keeps of each batch, by the number of keys. */
const embedded = new Map<number, readonly string[]>()
beforeAll(async () => {
  for (const keys of new Set(seeds.map((seed) => planOf(seed).keys))) {
    const state = join(folder, `embedded-${keys}`)
    const env = { STATE: state, RANGES: String(RANGES), KEYS: String(keys) }
    expect((await startJob(jobFile('upserts.mjs'), undefined, { env }).ended).code).toBe(0)
    embedded.set(keys, kept(state))
    expect(embedded.get(keys)!.length).toBeGreaterThanOrEqual(RANGES)
  }
})

describe('each batch is that of one process, and is kept once, whatever SIGKILL ends', () => {
  const plans = seeds.map((seed): [number, string, Plan] => {
    const plan = planOf(seed)
    const text = plan.kills.map(({ victim, after, pauseMs }) => `${victim} at ${after}+${pauseMs} ms`).join(', ')
    const many = plan.keys === 0 ? '' : `, ${plan.keys} keys`
    return [seed, `${plan.master}${many}: ${text}`, plan]
  })
  test.for(plans)('seed %i, %s', async ([seed, _, plan], { signal }) => {
    const state = join(folder, `run-${seed}`)
    const { lives, killed } = await run(plan, state, signal)
    const { code } = lives.at(-1)!
    if (code !== 0) throw new Error(`The last life has ended with ${code}:\n${textOf(lives)}`)
    // Batches behind the last range hold the same totals.
    const found = kept(state)
    const whole = embedded.get(plan.keys)!
    expect(found.slice(0, RANGES)).toEqual(whole.slice(0, RANGES))
    for (const later of found.slice(RANGES)) expect(later).toBe(whole[RANGES - 1])
    // Only a batch that was not committed when its driver ended is given again.
    const times = calls(state)
    expect(times.length - new Set(times).size).toBeLessThanOrEqual(lives.length - 1)
    // A driver ends by a kill, or because its Spark was killed twice.
    expect(lives.length - 1, textOf(lives)).toBeLessThanOrEqual(killed.length)
    rmSync(state, { recursive: true })
  })
})
