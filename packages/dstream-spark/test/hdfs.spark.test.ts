import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { BATCHES, embeddedLife, resultsOf, sparkLife, undisturbed } from './lives.js'
import { MiniHdfs, missingHdfs } from './mini-hdfs.js'
import { endJobs, startCommand } from './run-job.js'

const folder = mkdtempSync(join(tmpdir(), 'dstream-spark-hdfs-'))
const hdfs = new MiniHdfs()
let whole: readonly unknown[]

afterEach(endJobs)
afterAll(async () => {
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
    const lives = [await sparkLife(place, folder, 1000, 3), await sparkLife(place, folder, 4)]
    expect(lives.map(({ code, signal }) => signal ?? code)).toEqual(['SIGKILL', 0])
    const { code, errors, printed } = await startCommand(['adopt', place, back]).ended
    expect({ code, errors }).toMatchObject({ code: 0 })
    expect(printed.join('\n')).toMatch(/^Copied \d+ files, \d+ bytes, from hdfs:/)
    lives.push(await embeddedLife(back, BATCHES))
    expect(resultsOf(lives)).toEqual(whole)
  })
})
