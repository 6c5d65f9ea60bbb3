import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { acquireFileLock } from './file-lock.js'
import { lockingFileStorage } from './file-storage.js'
import { startOf, thisProcess } from './process-identity.js'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'dstream-lock-'))
})
afterEach(() => rm(dir, { recursive: true }))

const quick = { beatMs: 20, staleMs: 120 }
const here = thisProcess()
function lock(self = here) {
  return acquireFileLock(dir, 'the directory', { ...quick, self })
}
/** As in another container: the same pid 1, the same machine, another view of processes. */
function container(name: string) {
  return { ...here, pid: 1, host: name, namespace: `pid:[${name}]` }
}

test('a second one is refused, and the error names the owner', async () => {
  const held = await lock()
  await expect(lock()).rejects.toMatchObject({
    code: 'storage-locked',
    message: expect.stringMatching(/^the directory is in use by another context of this very process, since 20/),
  })
  await held.release()
  await (await lock()).release()
})

test('given back, a number is not used again', async () => {
  for (let i = 0; i < 3; i++) await (await lock()).release()
  expect(await readdir(dir)).toEqual(['lock.000003'])
})

test('both with pid 1 in two containers: the living owner is seen by its signs of life', async () => {
  const held = await lock(container('a'))
  await expect(lock(container('b'))).rejects.toMatchObject({
    code: 'storage-locked',
    message: expect.stringContaining('process 1 on host a'),
  })
  await held.release()
})

test('an owner in another container that shows no life is dead, and its lock is taken over', async () => {
  await writeFile(join(dir, 'lock.000004'), JSON.stringify({ ...container('a'), token: 't', since: '2020' }))
  const held = await lock(container('b'))
  expect(JSON.parse(await readFile(join(dir, 'lock.000005'), 'utf8'))).toMatchObject({ host: 'b' })
  expect(await readdir(dir)).toEqual(['lock.000005'])
  await held.release()
})

test.runIf(here.start !== undefined)('a pid that another process has now is a dead owner, at once', async () => {
  await writeFile(join(dir, 'lock.000001'), JSON.stringify({ ...here, start: '1', token: 't', since: '2020' }))
  const held = await acquireFileLock(dir, 'x', { self: here, staleMs: 1e9 })
  await held.release()
})

test.runIf(here.start !== undefined)('a killed process is a dead owner, at once', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  await once(child, 'spawn')
  const start = startOf(child.pid!)!
  expect(start).toMatch(/^\d+$/)
  await writeFile(
    join(dir, 'lock.000001'),
    JSON.stringify({ ...here, pid: child.pid, start, token: 't', since: '2020' }),
  )
  await expect(acquireFileLock(dir, 'x', { self: here })).rejects.toMatchObject({ code: 'storage-locked' })
  child.kill('SIGKILL')
  await once(child, 'exit')
  const held = await acquireFileLock(dir, 'x', { self: here, staleMs: 1e9 })
  await held.release()
})

test('a lock file that its owner could not finish is taken over when nothing touches it', async () => {
  await writeFile(join(dir, 'lock.000001'), '{"pid":')
  const held = await lock()
  await held.release()
})

test('of many that take over a dead lock at once exactly one gets it', async () => {
  for (let round = 0; round < 5; round++) {
    await writeFile(
      join(dir, `lock.00000${round + 1}`),
      JSON.stringify({ ...here, start: '1', token: 't', since: '2020' }),
    )
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => acquireFileLock(dir, 'x', { self: here })))
    const held = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    expect(held).toHaveLength(1)
    await held[0]!.release()
    await rm(dir, { recursive: true })
    await (await import('node:fs/promises')).mkdir(dir)
  }
})

test('an owner that was asleep while another took over writes nothing more', async () => {
  const storage = lockingFileStorage(dir, { beatMs: 1e6, staleMs: 0 })
  const release = await storage.lock()
  await storage.append('log', Uint8Array.from([1]))
  await writeFile(join(dir, 'lock.000002'), JSON.stringify({ ...container('b'), token: 't', since: '2020' }))
  for (const call of [
    () => storage.append('log', Uint8Array.from([2])),
    () => storage.put('f', new Uint8Array()),
    () => storage.delete('log'),
  ]) {
    await expect(call()).rejects.toMatchObject({ code: 'lock-lost' })
  }
  expect(await storage.read('log')).toEqual(Uint8Array.from([1]))
  await release()
  expect(await readdir(dir)).toContain('lock.000002')
})
