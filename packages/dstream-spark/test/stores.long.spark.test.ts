import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { checkpointsAt } from './checkpoints-at.js'
import { JOB, looped, numbersOf, resultsOf, sparkLife, undisturbed } from './lives.js'
import { MiniHdfs, missingHdfs } from './mini-hdfs.js'
import { MiniS3, missingS3 } from './mini-s3.js'
import { descendants, DRIVER } from './processes.js'
import { endJobs, linesIn } from './run-job.js'
import { Standalone } from './standalone.js'
import { filesOf, optionsOf, type Store } from './stores.js'
import { submitTo } from './submitted.js'

const folder = mkdtempSync(join(tmpdir(), 'dstream-spark-stores-'))
let run: Promise<readonly unknown[]> | undefined
const whole = (): Promise<readonly unknown[]> => (run ??= undisturbed(folder))

afterEach(endJobs)
afterAll(() => rmSync(folder, { recursive: true }))

describe.each<[name: string, missing: string | undefined, store: Store]>([
  ['HDFS', missingHdfs, new MiniHdfs()],
  ['S3', missingS3, new MiniS3()],
])('on %s', (_, missing, store) => {
  describe.skipIf(missing !== undefined)('with its server', () => {
    const files = filesOf(store)
    beforeAll(() => store.start())
    afterAll(async () => {
      await files.end()
      await store.end()
    })

    checkpointsAt({ store, files, folder, whole })

    test('what the batches of three lives have saved is the source, and nothing twice', async () => {
      const place = `${store.uri}/deep/saving`
      const env = { SAVED: `${store.uri}/deep/saved/numbers` }
      const life = (batches: number, killAfter?: number) =>
        sparkLife(place, folder, { store, batches, env, ...(killAfter !== undefined && { killAfter }) })
      const lives = [await life(1000, 3), await life(1000, 2), await life(4)]
      expect(lives.map(({ code, signal }) => signal ?? code)).toEqual(['SIGKILL', 'SIGKILL', 0])
      const saved = files.folder(`${store.uri}/deep/saved`)
      const directories = (await saved.readDir('')).sort()
      expect(directories.filter((name) => !/^numbers-\d+\/$/.test(name))).toEqual([])
      const lines: string[] = []
      for (const directory of directories) {
        const [success, ...parts] = (await saved.readDir(directory.slice(0, -1))).sort()
        expect(success).toBe('_SUCCESS')
        for (const part of parts) {
          const text = Buffer.from((await saved.read(directory + part))!).toString()
          lines.push(...text.split('\n').slice(0, -1))
        }
      }
      const ranges = lines.length / 600
      expect(ranges).toBeGreaterThan(3)
      const source = Array.from({ length: ranges }, (_, range) => numbersOf(range)).flat()
      expect(lines).toEqual(source.map((n) => `number ${n}`))
    })

    test('a driver that Spark has started goes on from there when it is killed', async () => {
      const spark = new Standalone()
      await spark.start()
      try {
        // A worker of Spark gets the job's files by itself, and knows S3A only where all machines have its jars.
        const staging = store instanceof MiniHdfs ? store.uri : pathToFileURL(folder).href
        const driver = await submitTo(spark, JOB, {
          env: { CHECKPOINT: `${store.uri}/deep/submitted`, GROWN: '1000000', BATCHES: '40', BATCH_MS: '300' },
          staging: `${staging}/staging`,
          options: ['--supervise', '--conf', `spark.dstream.node=${process.execPath}`, ...optionsOf(store)],
        })
        const lines = () => linesIn(spark.printedBy(driver, 'stdout'))
        const completed = (): number => lines().filter((line) => line.completed !== undefined).length
        await vi.waitFor(() => expect(completed()).toBeGreaterThanOrEqual(3), { timeout: 300_000, interval: 50 })
        process.kill(descendants(spark.worker, DRIVER)[0]!, 'SIGKILL')
        const state = await spark.stateAtEnd(driver)
        expect({ state, errors: spark.printedBy(driver, 'stderr') }).toMatchObject({ state: 'FINISHED' })
        const results = resultsOf([{ lines: lines() }], Infinity)
        expect(results.length).toBeGreaterThan(40)
        expect(results).toEqual(looped(results.length))
      } finally {
        spark.end()
      }
    })
  })
})
