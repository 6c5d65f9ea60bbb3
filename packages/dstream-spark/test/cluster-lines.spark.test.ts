import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test } from 'vitest'
import { freePort } from '../../../test/free-port.js'
import { endJobs, jobFile, startCommand } from './run-job.js'

// Command lines of cluster mode, as far as they go without a cluster.

const folder = mkdtempSync(join(tmpdir(), 'dstream-lines-'))
afterEach(endJobs)
afterAll(() => rmSync(folder, { recursive: true }))
const JOB = jobFile('slow.mjs')

test('spark-submit takes the line for Kubernetes as far as the API server, which is not there', async () => {
  const { code, errors } = await startCommand(
    [
      ...['submit', JOB, '--master', `k8s://http://127.0.0.1:${await freePort()}`, '--deploy-mode', 'cluster'],
      ...['--staging', 'local:///opt/dstream', '--conf', 'spark.kubernetes.container.image=words:1'],
    ],
    { env: { SPARK_LOCAL_IP: '127.0.0.1' } },
  ).ended
  expect(code).toBe(1)
  expect(errors).toMatch(/KubernetesClientException/)
  expect(errors).toMatch(/Connection refused: \/127\.0\.0\.1/)
})

test('pack writes what the line for an image names, and command prints that line', async () => {
  const packed = join(folder, 'packed')
  const { code, printed } = await startCommand(['pack', JOB, packed]).ended
  expect(code).toBe(0)
  const names = readdirSync(packed)
  expect([...printed].sort()).toEqual(names.map((name) => join(packed, name)).sort())
  const options = [
    '--master',
    'k8s://https://host:6443',
    '--deploy-mode',
    'cluster',
    '--staging',
    'local:///opt/dstream',
  ]
  const [line = ''] = (await startCommand(['command', JOB, ...options]).ended).printed
  expect(line.match(/local:\/\/[^, ]+/g)!.sort()).toEqual(names.map((name) => `local:///opt/dstream/${name}`).sort())
})

test.each<[string, readonly string[], RegExp]>([
  ['an unknown mode', ['--deploy-mode', 'custer'], /--deploy-mode is "custer"; give client or cluster/],
  ['a staging place of client mode', ['--staging', 'hdfs://n/s'], /--staging is for --deploy-mode cluster; give both/],
  ['supervision of client mode', ['--supervise'], /--supervise is for --deploy-mode cluster; give both/],
  [
    'variables that the image has',
    ['--deploy-mode', 'cluster', '--staging', 'local:///opt', '--env', 'A=b'],
    /The image holds the arguments of the job and --env already; give them to dstream-spark pack/,
  ],
])('refused: %s', async (_, options, words) => {
  const { code, errors } = await startCommand(['submit', JOB, '--master', 'k8s://https://host:6443', ...options]).ended
  expect(code).toBe(2)
  expect(errors).toMatch(words)
})
