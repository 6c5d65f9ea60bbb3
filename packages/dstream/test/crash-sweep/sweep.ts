import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DStreamError } from 'dstream'
import type { DiskFault } from 'dstream/storage'
import { differ } from './check.js'
import { graphs, type SweepGraph } from './graphs.js'
import { Lives, type Cut, type Mode, type Trace } from './lives.js'
import { rows } from './world.js'

/** One run: lives that are cut one after the other, and a last one. */
interface Run {
  /** Where the last of `cuts` is. */
  readonly row: string
  readonly cuts: readonly Cut[]
  /** One more, if the life after them comes so far. */
  readonly then?: Cut
  /** The first of the cuts is none: the disk is ill there, and the context goes on or ends in words. */
  readonly ill?: true
  /** What the first cut leaves of what was not synced, where the later cuts rest on it. */
  readonly mode?: Mode
}

/** Runs by row and graph. */
export type Counts = ReadonlyMap<string, ReadonlyMap<string, number>>

const modes: readonly Mode[] = [
  { unsynced: 'lost' },
  { unsynced: 'kept' },
  { unsynced: 'torn', seed: 1 },
  { unsynced: 'torn', seed: 2 },
]

const illnesses: readonly DiskFault[] = [
  { error: 'ENOSPC' },
  { error: 'EIO' },
  { error: 'ENOSPC', written: 30 },
  { short: 5 },
]

/** Steps at which a life is cut whose recovery is then cut: name, and which time it is taken. */
const beginnings = [
  ['journal:before-append', 7],
  ['output:done', 4],
  ['commit:before-append', 6],
  ['snapshot:before-put', 1],
] as const

/**
 * Cuts every graph at every step and at every call of the disk, and cuts its recovery likewise. One run of three does nothing
 * early, and neither does the job that all are compared with. `stride` takes one run of so many.
 * @throws an Error that names graph and cuts and says what came out different
 */
export async function sweep(stride: number): Promise<Counts> {
  const directory = await filesOfRows()
  const counts = new Map<string, Map<string, number>>()
  try {
    let place = 0
    for (const [name, graph] of Object.entries(graphs)) {
      const expected = await new Lives(graph, directory, { healthy: true, eager: false }).last()
      const first = await new Lives(graph, directory).last()
      for (const run of [...firstLives(graph, first), ...(await recoveries(graph, directory, first))]) {
        if (place++ % stride > 0) continue
        const mode = modes[Math.floor(place / stride) % modes.length]!
        const eager = Math.floor(place / stride) % 3 > 0
        await check(new Lives(graph, directory, { eager }), run, mode, expected).catch((error: unknown) => {
          const text = error instanceof Error ? error.message : String(error)
          const cuts = `${JSON.stringify(run.cuts)}, ${JSON.stringify([run.mode, mode, { eager }])}`
          throw new Error(`${name}, ${run.row}, cut at ${cuts}: ${text}`, { cause: error })
        })
        const row = counts.get(run.row) ?? new Map<string, number>()
        counts.set(run.row, row.set(name, (row.get(name) ?? 0) + 1))
      }
    }
  } finally {
    await rm(directory, { recursive: true })
  }
  return counts
}

/** A file per row, each dated within its batch: before that it is not read. */
async function filesOfRows(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'dstream-sweep-'))
  for (const [i, words] of rows.entries()) {
    const path = join(directory, `row${i}`)
    await writeFile(path, words.map((word) => `${word}\n`).join(''))
    await utimes(path, i + 0.5, i + 0.5)
  }
  return directory
}

function firstLives({ gathers }: SweepGraph, { steps, calls }: Trace): Run[] {
  const atSteps = steps[0]!.map((row, step) => ({ row, cuts: [{ step }] }))
  const atCalls = calls[0]!.flatMap(({ op, path }, call): Run[] => {
    const illness = illnesses[call % illnesses.length]!
    return [
      { row: `disk, before ${op}`, cuts: [{ call, crash: 'before' }] },
      { row: `disk, after ${op}`, cuts: [{ call, crash: 'after' }] },
      ...(gathers === true && path.startsWith('journal')
        ? []
        : [{ row: `disk, ill at ${op}`, cuts: [{ call, ...illness }], ill: true as const }]),
    ]
  })
  return [...atSteps, ...atCalls]
}

/**
 * Lives that are cut after a crash, from their start to the end of their first batch and in their first snapshot; and once
 * more in the life that follows.
 */
async function recoveries(graph: SweepGraph, directory: string, first: Trace): Promise<Run[]> {
  const runs: Run[] = []
  for (const [i, { cut, mode }] of (await firstCuts(graph, directory, first)).entries()) {
    const { steps, calls, callsOfStart } = await recovery(graph, directory, cut, mode)
    const atSteps = steps[1]!.slice(0, steps[1]!.indexOf('batch:forgotten') + 1)
    const atCalls = calls[1]!.slice(0, callsOfStart[1])
    for (const [step, name] of steps[1]!.entries()) {
      const inSnapshot = name.startsWith('snapshot:') && steps[1]!.indexOf(name) === step
      if (step >= atSteps.length && !inSnapshot) continue
      const then = { call: (step * 7) % atCalls.length, crash: 'after' as const }
      runs.push({ row: `again, ${name}`, cuts: [cut, { step }], then, mode })
    }
    for (const [call, { op }] of atCalls.entries()) {
      // A recovery reads most of the time: of that every other call, and the others in the next one.
      if (op.startsWith('read') && call % 2 !== i % 2) continue
      const crash = call % 4 < 2 ? ('before' as const) : ('after' as const)
      const then = { step: (call * 5) % atSteps.length }
      runs.push({ row: `again, disk ${op}`, cuts: [cut, { call, crash }], then, mode })
    }
  }
  return runs
}

async function firstCuts(
  graph: SweepGraph,
  directory: string,
  { steps, calls }: Trace,
): Promise<{ readonly cut: Cut; readonly mode: Mode }[]> {
  const atSteps = beginnings.map(([name, nth], i) => ({
    cut: { step: occurrence(steps[0]!, name, nth) },
    mode: modes[i % modes.length]!,
  }))
  // In the middle of a commit, with a piece of it on the disk: that is what a recovery has to cut off.
  for (const [call, { op }] of calls[0]!.entries()) {
    if (op !== 'sync' || call < calls[0]!.length / 2) continue
    const [cut, mode]: [Cut, Mode] = [
      { call, crash: 'before' },
      { unsynced: 'torn', seed: 3 },
    ]
    const { warnings } = await recovery(graph, directory, cut, mode)
    if (warnings.some((warning) => warning.includes('were cut by a crash'))) return [...atSteps, { cut, mode }]
  }
  throw new Error('no commit could be torn')
}

/** The life that follows a cut, uncut. */
async function recovery(graph: SweepGraph, directory: string, cut: Cut, mode: Mode): Promise<Trace> {
  const lives = new Lives(graph, directory)
  await lives.next(cut)
  return lives.last(mode)
}

/** The index of a name when it comes up for the nth time; the last, where it comes up less often. */
function occurrence(names: readonly string[], name: string, nth: number): number {
  const places = names.flatMap((other, place) => (other === name ? [place] : []))
  return places[Math.min(nth, places.length) - 1]!
}

async function check(lives: Lives, run: Run, mode: Mode, expected: Trace): Promise<void> {
  const difference = differ(expected, await (run.ill === true ? illness(lives, run) : crashes(lives, run, mode)))
  if (difference !== undefined) throw new Error(difference)
}

/** A call that goes wrong ends the context in words, or not at all; the machine lives, and the job is started again. */
async function illness(lives: Lives, run: Run): Promise<Trace> {
  await lives.next(run.cuts[0]).catch((error: unknown) => {
    if (!(error instanceof DStreamError)) throw error
  })
  return lives.last({ unsynced: 'kept' })
}

async function crashes(lives: Lives, run: Run, mode: Mode): Promise<Trace> {
  let left: Mode | undefined
  for (const cut of run.cuts) {
    if (!(await lives.next(cut, left))) throw new Error('it did not come to the cut')
    left = left === undefined ? (run.mode ?? mode) : mode
  }
  if (run.then !== undefined && (await lives.next(run.then, left))) left = mode
  return lives.last(left)
}
