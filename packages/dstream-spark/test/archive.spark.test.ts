import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { endJobs, jobFile, mustBeWell, startJob } from './run-job.js'

const folder = mkdtempSync(join(tmpdir(), 'dstream-archive-'))
afterEach(endJobs)
afterAll(() => rmSync(folder, { recursive: true }))

/** Makes a PATH with all programs of this machine but Node. */
function pathWithoutNode(): string {
  const path = join(folder, 'bin')
  mkdirSync(path)
  for (const from of process.env['PATH']!.split(':')) {
    for (const name of namesIn(from)) {
      if (/^node/.test(name)) continue
      try {
        symlinkSync(join(from, name), join(path, name))
      } catch {
        // An earlier folder of the PATH has it.
      }
    }
  }
  return path
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

/** Packs the running Node as the archives of nodejs.org do. */
function nodeArchive(): string {
  const file = join(folder, 'node.tar.gz')
  const bin = dirname(process.execPath)
  const into = `s,^,node-${process.version}-linux-x64/bin/,`
  execFileSync('tar', ['-chf', file, '-I', 'gzip -1', '--transform', into, '-C', bin, basename(process.execPath)])
  return file
}

const PATH = pathWithoutNode()

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
  const archive = nodeArchive()
  test.each(['local[2]', 'local-cluster[2,1,1024]'])('%s', async (master) => {
    const here = await startJob(jobFile('slow.mjs'), undefined).ended
    const options = ['--master', master, '--node-archive', archive]
    const there = await startJob(jobFile('slow.mjs'), options, { env: { PATH } }).ended
    mustBeWell(there)
    expect(there.batches).toEqual(here.batches)
    expect(there.tasks).toMatchObject({ onMainThread: 0, repeated: 0 })
  })
})
