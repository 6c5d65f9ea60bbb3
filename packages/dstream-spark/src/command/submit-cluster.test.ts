import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { Misused } from './options.js'
import { submissionIn } from '../submit/submission.js'
import { clusterPlaceOf, packInto, stagedAt, type ClusterPlace } from './submit-cluster.js'
import { clusterArguments, type ClusterFiles } from '../submit/submit-command.js'

const folder = mkdtempSync(join(tmpdir(), 'dstream-submit-'))
afterAll(() => rmSync(folder, { recursive: true }))

const NAMES: ClusterFiles = {
  job: 'job.mjs',
  worker: 'dstream-worker.mjs',
  driver: 'dstream-driver.mjs',
  submission: 'dstream-submission.json',
  jar: 'dstream-spark.jar',
}
/** Writes files of a submission, of which one says what it is given. */
function written(job: string): ClusterFiles {
  const files = Object.entries(NAMES).map(([role, name]: [string, string]) => {
    const file = join(folder, name)
    writeFileSync(file, role === 'job' ? job : JSON.stringify({ job: role, args: [], env: {} }))
    return [role, file]
  })
  return Object.fromEntries(files) as ClusterFiles
}

const place = (given: Partial<ClusterPlace> = {}): ClusterPlace => ({
  master: 'yarn',
  name: 'words',
  conf: [],
  nodeArchive: undefined,
  staging: undefined,
  supervise: false,
  ...given,
})

describe('the place of a driver that Spark starts', () => {
  test.each<[string, string | undefined, string | undefined, RegExp]>([
    [
      'no master',
      undefined,
      undefined,
      /^--master is missing, and --deploy-mode cluster starts the driver on a machine/,
    ],
    ['this machine', 'local[2]', 'hdfs://n/s', /^--master is "local\[2\]", .*: give spark:\/\/host:7077, yarn or k8s:/],
    ['standalone without a place', 'spark://h:7077', undefined, /needs --staging on standalone Spark.*: give a URI/],
    ['a path', 'yarn', './staging', /^--staging is "\.\/staging", not a URI; give hdfs:/],
  ])('refused: %s', (_, master, staging, words) => {
    const call = (): unknown =>
      clusterPlaceOf({ master, name: undefined, conf: [] }, { staging, supervise: false }, 'words.mjs')
    expect(call).toThrow(Misused)
    expect(call).toThrow(words)
  })

  test('its name is that of the file where none is given, since the job has not said its own yet', () => {
    const given = { master: 'k8s://h', conf: [] }
    const options = { staging: 'local:///opt/dstream/', supervise: false }
    expect(clusterPlaceOf({ ...given, name: undefined }, options, '/jobs/words.mjs')).toMatchObject({
      name: 'words',
      staging: 'local:///opt/dstream',
    })
    expect(clusterPlaceOf({ ...given, name: 'other' }, options, '/jobs/words.mjs').name).toBe('other')
  })
})

describe('the files of a driver', () => {
  test('spark-submit brings those that have no staging place', () => {
    const files = written('a')
    expect(stagedAt(place(), files)).toMatchObject({ files, copies: new Map() })
  })

  test('an image has them at the place of its own', () => {
    const { files, copies } = stagedAt(place({ staging: 'local:///opt/dstream' }), written('a'))
    expect(files).toMatchObject({ job: 'local:///opt/dstream/job.mjs', jar: 'local:///opt/dstream/dstream-spark.jar' })
    expect(copies.size).toBe(0)
  })

  test('a staging place has a folder for each content, with the archive of Node', () => {
    const archive = join(folder, 'node.tar.gz')
    writeFileSync(archive, 'node')
    const at = (job: string) => stagedAt(place({ staging: 'hdfs://n/s', nodeArchive: archive }), written(job))
    const [first, same, other] = [at('a'), at('a'), at('b')]
    expect(first.files.job).toMatch(/^hdfs:\/\/n\/s\/[\da-f]{16}\/job\.mjs$/)
    expect(same.files).toEqual(first.files)
    expect(other.files.job).not.toBe(first.files.job)
    expect(first.place.nodeArchive).toBe(first.files.job.replace('job.mjs', 'node.tar.gz'))
    expect([...first.copies].map(([source, object]) => [basename(source), `hdfs://n/s/${object}`])).toEqual([
      ...Object.entries(NAMES).map(([role, name]: [string, string]) => [name, first.files[role as 'job']]),
      ['node.tar.gz', first.place.nodeArchive],
    ])
  })

  test('are packed into a folder for an image', () => {
    const target = join(folder, 'deep', 'packed')
    expect(packInto(target, written('a')).map((file) => basename(file))).toEqual(Object.values(NAMES))
    expect(readFileSync(join(target, NAMES.job), 'utf8')).toBe('a')
    expect(submissionIn(join(target, NAMES.submission))).toMatchObject({ args: [] })
  })
})

test('the line of spark-submit names the files, the mode and what the user has set', () => {
  const line = clusterArguments(place({ conf: ['spark.executor.memory=2g'], nodeArchive: '/node.tar.gz' }), NAMES, true)
  const text = line.join(' ')
  expect(text).toContain(
    '--class dstream.spark.ClusterMain --master yarn --deploy-mode cluster --name words --supervise',
  )
  expect(text).toContain('--files job.mjs,dstream-worker.mjs,dstream-driver.mjs,dstream-submission.json')
  expect(text).toContain('--archives /node.tar.gz#dstream-node --conf spark.dstream.node.folder=dstream-node')
  expect(text).toMatch(/--conf spark\.executor\.memory=2g dstream-spark\.jar$/)
  expect(clusterArguments(place(), NAMES, false)).not.toContain('--supervise')
})
