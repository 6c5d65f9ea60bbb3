import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { hostJob } from 'dstream/cluster'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { adopt } from '../src/command/adopt.js'
import { checkpointsAt, LAST_BATCH } from './checkpoints-at.js'
import { BATCHES, embeddedLife, JOB, resultsOf, undisturbed } from './lives.js'
import { descendants } from './processes.js'
import { type Ended, endJobs, startCommand, startJob } from './run-job.js'
import { filesOf, localStore } from './stores.js'

afterEach(endJobs)

const folder = mkdtempSync(join(tmpdir(), 'dstream-spark-uri-'))
afterAll(() => rmSync(folder, { recursive: true }))

const store = localStore(folder)
/** The file systems of Spark in this process, which cases share that need no command of their own. */
const files = filesOf(store)
hostJob({ objects: (uri) => files.objects(uri) })
afterAll(() => files.end())

let run: Promise<readonly unknown[]> | undefined
const whole = (): Promise<readonly unknown[]> => (run ??= undisturbed(folder))
beforeAll(whole)

checkpointsAt({ store, files, folder, whole })

let count = 0
/** Returns a new place, as a path and as a URI. */
function newPlace(): { readonly path: string; readonly uri: string } {
  const path = join(folder, `place-${++count}`)
  return { path, uri: pathToFileURL(path).href }
}

/** Returns the contents of the log by name. */
function entriesOf(path: string): ReadonlyMap<string, string> {
  const log = join(path, 'log')
  return new Map(readdirSync(log).map((name) => [name, readFileSync(join(log, name), 'base64')]))
}

/** Makes a path a link to another one in one step, so that no writer finds it missing and makes it anew. */
function pointTo(target: string, path: string): void {
  symlinkSync(target, `${path}.link`)
  renameSync(`${path}.link`, path)
}

describe('a store that is away', () => {
  test.each<[string, RegExp, (path: string, pid: number) => () => void]>([
    [
      'for a while',
      /The checkpoint cannot be written[^]*The checkpoint is written again/,
      (path) => {
        const file = `${path}.file`
        writeFileSync(file, '')
        pointTo(file, path)
        return () => pointTo(`${path}.folder`, path)
      },
    ],
    [
      'with its JVM',
      // Only a call that is under way fails: the next one waits for another JVM.
      /^/,
      (_, pid) => {
        for (const jvm of descendants(pid, 'dstream.spark.FilesMain')) process.kill(jvm, 'SIGKILL')
        return () => undefined
      },
    ],
  ])('%s is tried again', async (_, words, takeAway) => {
    const { path, uri } = newPlace()
    mkdirSync(`${path}.folder`)
    pointTo(`${path}.folder`, path)
    let errors = ''
    const job = startJob(JOB, ['--master', 'local[2]'], {
      // It goes on until both have come, however late this process reads of its batches.
      env: { CHECKPOINT: uri, BATCHES: '1000' },
      onLine: ({ completed }, child) => {
        if (completed! >= BATCHES && words.test(errors) && !child.killed) child.kill('SIGTERM')
        if (completed !== 3) return
        const bringBack = takeAway(path, child.pid!)
        child.stderr!.on('data', (text: Buffer) => {
          errors += text.toString()
          if (/The checkpoint cannot be written/.test(errors)) bringBack()
        })
      },
    })
    const ended = await job.ended
    expect({ code: ended.code, errors: ended.errors }).toMatchObject({ code: 0 })
    expect(errors).toMatch(words)
    expect(resultsOf([ended])).toEqual(await whole())
  })
})

describe('inspect', () => {
  const embedded = fileURLToPath(new URL('../../dstream/bin/dstream.js', import.meta.url))

  test('prints of a URI and of a directory what dstream prints of the directory, and changes nothing', async () => {
    const [{ path: first }, { path, uri }] = [newPlace(), newPlace()]
    await embeddedLife(first, 4)
    await adopt(first, uri)
    const before = entriesOf(path)
    const inspected = await Promise.all([first, uri].map((place) => startCommand(['inspect', place]).ended))
    const { stdout } = spawnSync(process.execPath, [embedded, 'checkpoint', 'inspect', first], { encoding: 'utf8' })
    const printed = stdout.trimEnd().split('\n')
    expect(printed).toContainEqual(LAST_BATCH)
    expect(inspected).toMatchObject([first, uri].map(() => ({ code: 0, errors: '', printed })))
    expect(entriesOf(path)).toEqual(before)
  })

  test('says that there is none, and makes nothing', async () => {
    const [{ path: missing }, { path, uri }] = [newPlace(), newPlace()]
    expect(await startCommand(['inspect', uri]).ended).toMatchObject({
      code: 0,
      printed: [`${uri} holds no checkpoint.`],
    })
    expect(await startCommand(['inspect', missing]).ended).toMatchObject({
      code: 1,
      errors: `dstream-spark: ${missing} does not exist.\n`,
    })
    expect(await startCommand(['inspect']).ended).toMatchObject({
      code: 2,
      errors: expect.stringMatching(/takes one place/),
    })
    expect([path, missing].map(existsSync)).toEqual([false, false])
  })
})

describe('adopt', () => {
  test('refuses in words, and changes nothing', async () => {
    const held = join(folder, 'whole')
    const full = newPlace()
    mkdirSync(full.path)
    writeFileSync(join(full.path, 'mine'), '')
    const used = newPlace()
    await adopt(held, used.uri)
    const cases: readonly (readonly [from: string, to: string, words: RegExp])[] = [
      [held, full.path, /is not empty, it has mine: give a place that is, or delete what is there/],
      [held, used.uri, /is not empty, it has commits\/.*: give a place that is, or delete what is there/],
      [newPlace().path, newPlace().uri, /holds no checkpoint/],
      [newPlace().uri, newPlace().path, /holds no checkpoint/],
      [held, held, /adopt takes two places that are not the same/],
    ]
    for (const [from, to, words] of cases) await expect(adopt(from, to)).rejects.toThrow(words)
    const { code, errors } = await startCommand(['adopt', held, full.path]).ended
    expect(code).toBe(1)
    expect(errors).toMatch(/^dstream-spark: .* is not empty, it has mine/)
    expect(readdirSync(full.path)).toEqual(['mine'])
  })

  test('refuses a checkpoint that an embedded job uses', async () => {
    const { path } = newPlace()
    let adopting: Promise<Ended> | undefined
    const target = newPlace()
    const job = startJob(JOB, undefined, {
      env: { CHECKPOINT: path, BATCHES: '100000' },
      onLine: ({ completed }) => {
        if (completed === 2) adopting = startCommand(['adopt', path, target.uri]).ended
      },
    })
    while (adopting === undefined) await new Promise((resolve) => setTimeout(resolve, 50))
    expect(await adopting).toMatchObject({ code: 1, errors: expect.stringMatching(/is in use by process/) })
    expect(existsSync(target.path)).toBe(false)
    job.child.kill('SIGTERM')
    await job.ended
  })
})

test('a job that no command has started refuses the URI in words', async () => {
  const { code, errors } = await startJob(JOB, undefined, { env: { CHECKPOINT: 'hdfs://name:8020/words' } }).ended
  expect(code).toBe(1)
  expect(errors).toMatch(/checkpointDir is "hdfs:\/\/name:8020\/words", .*npx dstream-spark run/)
})
