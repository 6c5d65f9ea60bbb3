import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { checkpointsAt } from './checkpoints-at.js'
import { numbersOf, sparkLife, undisturbed } from './lives.js'
import { MiniHdfs, missingHdfs } from './mini-hdfs.js'
import { MiniS3, missingS3 } from './mini-s3.js'
import { endJobs } from './run-job.js'
import { filesOf, type Store } from './stores.js'

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
  })
})
