import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { nodeArchive, pathWithoutNode } from './machines.js'
import { endJobs, jobFile, mustBeWell, startJob } from './run-job.js'

const folder = mkdtempSync(join(tmpdir(), 'dstream-archive-'))
afterEach(endJobs)
afterAll(() => rmSync(folder, { recursive: true }))

const PATH = pathWithoutNode(folder)

test('executors without a Node are refused in words', async () => {
  const ended = await startJob(jobFile('slow.mjs'), ['--master', 'local[2]'], { env: { PATH } }).ended
  expect(ended.code).toBe(1)
  expect(ended.errors).toMatch(/There is no Node on executor driver .*, or ship it by --node-archive node\.tar\.gz/)
})

test('an archive that holds no Node is refused in words', async () => {
  writeFileSync(join(folder, 'readme'), '')
  const file = join(folder, 'no-node.tar.gz')
  execFileSync('tar', ['-czf', file, '-C', folder, 'readme'])
  const options = ['--master', 'local[2]', '--node-archive', file]
  const ended = await startJob(jobFile('slow.mjs'), options, { env: { PATH } }).ended
  expect(ended.code).toBe(1)
  expect(ended.errors).toMatch(/The archive of --node-archive holds no Node on executor driver/)
})

describe('executors unpack the Node that is shipped', () => {
  const archive = nodeArchive(folder)
  test.each(['local[2]', 'local-cluster[2,1,1024]'])('%s', async (master) => {
    const here = await startJob(jobFile('slow.mjs'), undefined).ended
    const options = ['--master', master, '--node-archive', archive]
    const there = await startJob(jobFile('slow.mjs'), options, { env: { PATH } }).ended
    mustBeWell(there)
    expect(there.batches).toEqual(here.batches)
    expect(there.tasks).toMatchObject({ onMainThread: 0, repeated: 0 })
  })
})
