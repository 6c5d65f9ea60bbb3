import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { readFileSink } from 'dstream/sinks'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { endJobs, jobFile, mustBeWell, startJob } from './run-job.js'

afterEach(endJobs)

const folder = mkdtempSync(join(tmpdir(), 'dstream-spark-saves-'))
afterAll(() => rmSync(folder, { recursive: true }))

const file = jobFile('saved.mjs')
const BATCHES = 3

/** Returns what a job has saved, by output, batch and file. */
function savedIn(prefix: string): readonly (readonly [path: string, bytes: Buffer])[] {
  const directories = readdirSync(prefix).sort()
  const batches = new Map<string, number>()
  return directories.flatMap((directory) => {
    const output = directory.split('-')[0]!
    const batch = batches.get(output) ?? 0
    batches.set(output, batch + 1)
    // Batches of two runs have times of their own. A stop may run one more batch, without records.
    if (batch >= BATCHES) return []
    const files = readdirSync(join(prefix, directory)).sort()
    return files.map((name) => [`${output}/${batch}/${name}`, readFileSync(join(prefix, directory, name))] as const)
  })
}

/** Returns the first batches of a file sink. */
async function sunkIn(place: string) {
  const batches: (readonly string[])[] = []
  for await (const { lines } of readFileSink(place)) if (batches.length < BATCHES) batches.push(lines)
  return batches
}

const here = join(folder, 'here')
const hereSink = join(folder, 'here-sink')
beforeAll(async () => mustBeWell(await startJob(file, undefined, { env: { PREFIX: here, SINK: hereSink } }).ended))

test.each([
  ['local[2]', false],
  ['local-cluster[2,1,1024]', true],
])(
  'on %s executors write the files of one process, byte by byte; an executor ends in a part: %s',
  async (master, kills) => {
    const there = mkdtempSync(join(folder, 'there-'))
    const mark = join(there, '.mark')
    const sink = mkdtempSync(join(folder, 'sink-'))
    const env = { PREFIX: pathToFileURL(there).href, SINK: sink, ...(kills && { MARK: mark }) }
    const names = Object.keys(env).flatMap((name) => ['--env', name])
    const ended = await startJob(file, ['--master', master, ...names], { env }).ended
    mustBeWell(ended)
    expect(existsSync(mark)).toBe(kills)
    rmSync(mark, { force: true })
    const [expected, found] = [savedIn(here), savedIn(there)]
    expect(found.map(([path]) => path)).toEqual(expected.map(([path]) => path))
    for (const [i, [path, bytes]] of found.entries()) expect(bytes.equals(expected[i]![1]), path).toBe(true)
    // Nothing is beside the directories of the batches.
    expect(readdirSync(there).filter((name) => name.startsWith('.'))).toEqual([])
    expect(await sunkIn(sink)).toEqual(await sunkIn(hereSink))
    const byWorkers = readdirSync(sink).filter((name) => /^batch-\d+-\d+\.[0-9a-f]{12}$/.test(name))
    expect(byWorkers.length).toBeGreaterThanOrEqual(BATCHES * 4)
    expect(ended.errors).toMatch(
      /outputs on the cluster: saveAsTextFiles#1, saveAsObjectFiles#1, to#1, saveAsTextFiles#2;/,
    )
    expect(ended.tasks.repeated).toBe(0)
    expect(ended.tasks.onMainThread).toBe(0)
  },
)
