import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { SparkFiles } from '../src/runner/spark-files.js'
import { builtFiles } from './built-files.js'
import { BATCHES, embeddedLife, numbersOf, resultsOf, sparkLife, undisturbed } from './lives.js'
import { MiniHdfs, missingHdfs } from './mini-hdfs.js'
import { endJobs, startCommand } from './run-job.js'

const folder = mkdtempSync(join(tmpdir(), 'dstream-spark-hdfs-'))
const hdfs = new MiniHdfs()
let whole: readonly unknown[]

const files = new SparkFiles(builtFiles())

afterEach(endJobs)
afterAll(async () => {
  await files.end()
  await hdfs.end()
  rmSync(folder, { recursive: true })
})

describe.skipIf(missingHdfs !== undefined)('on HDFS', () => {
  beforeAll(async () => {
    ;[, whole] = await Promise.all([hdfs.start(), undisturbed(folder)])
  })

  test('a driver that is killed goes on elsewhere, and its checkpoint goes back to one process', async () => {
    const place = `${hdfs.uri}/deep/place`
    const back = join(folder, 'back')
    const env = { SAVED: `${hdfs.uri}/deep/saved/numbers` }
    const lives = [await sparkLife(place, folder, 1000, 3, env), await sparkLife(place, folder, 4, undefined, env)]
    expect(lives.map(({ code, signal }) => signal ?? code)).toEqual(['SIGKILL', 0])
    const { code, errors, printed } = await startCommand(['adopt', place, back]).ended
    expect({ code, errors }).toMatchObject({ code: 0 })
    expect(printed.join('\n')).toMatch(/^Copied \d+ files, \d+ bytes, from hdfs:/)
    lives.push(await embeddedLife(back, BATCHES))
    expect(resultsOf(lives)).toEqual(whole)

    // What the batches of both lives have saved is the source, and nothing twice.
    const saved = files.folder(`${hdfs.uri}/deep/saved`)
    const directories = await saved.readDir('')
    expect(directories.filter((name) => !/^numbers-\d+\/$/.test(name))).toEqual([])
    const lines: string[] = []
    for (const directory of directories.sort()) {
      const [success, ...parts] = (await saved.readDir(directory.slice(0, -1))).sort()
      expect(success).toBe('_SUCCESS')
      for (const part of parts) lines.push(...Buffer.from((await saved.read(directory + part))!).toString().split('\n').slice(0, -1)) // prettier-ignore
    }
    const ranges = lines.length / 600
    expect(ranges).toBeGreaterThan(3)
    expect(lines).toEqual(Array.from({ length: ranges }, (_, r) => numbersOf(r)).flat().map((n) => `number ${n}`)) // prettier-ignore
  })
})
