import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { acquireFileLock } from './file-lock.js'
import { lockingFileStorage } from './file-storage.js'
import { isAlive, startOf, thisProcess } from '../process-identity.js'

/** Stands in for `link`, where a test wants a file system without hard links. */
const linking = vi.hoisted(() => ({ instead: undefined as (() => Promise<void>) | undefined }))
vi.mock('node:fs/promises', async (original) => {
  const fs = await original<object & { link: (from: string, to: string) => Promise<void> }>()
  return { ...fs, link: (from: string, to: string) => linking.instead?.() ?? fs.link(from, to) }
})

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
    message: expect.stringMatching(/^the directory is in use by another context of this process, since 20/),
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
    JSON.stringify({ ...here, pid: child.pid, start, thread: undefined, token: 't', since: '2020' }),
  )
  await expect(acquireFileLock(dir, 'x', { self: here })).rejects.toMatchObject({ code: 'storage-locked' })
  child.kill('SIGKILL')
  await once(child, 'exit')
  const held = await acquireFileLock(dir, 'x', { self: here, staleMs: 1e9 })
  await held.release()
})

test.each(['', '{"pid":', 'null', '{"pid":1}'])(
  'a lock file that is left as %j and untouched is taken over without a wait',
  async (text) => {
    await writeFile(join(dir, 'lock.000001'), text)
    const yesterday = new Date(Date.now() - 86_400_000)
    await utimes(join(dir, 'lock.000001'), yesterday, yesterday)
    const said: string[] = []
    const held = await acquireFileLock(dir, 'x', { self: here, staleMs: 1e9, onWait: (line) => said.push(line) })
    expect([await readdir(dir), said]).toEqual([['lock.000002'], []])
    await held.release()
  },
)

test('a young lock file that cannot be read is watched for two beats, and the wait is said', async () => {
  await writeFile(join(dir, 'lock.000001'), '{"pid":')
  const said: string[] = []
  const held = await acquireFileLock(dir, 'x', { beatMs: 40, staleMs: 1e9, onWait: (line) => said.push(line) })
  expect(said).toEqual([expect.stringMatching(/^x is locked by a process whose lock file cannot be read.* 0\.08 s/)])
  await held.release()
})

test('a lock file that cannot be read and is touched belongs to a living owner', async () => {
  await writeFile(join(dir, 'lock.000001'), '{"pid":')
  const onWait = (): void => void utimes(join(dir, 'lock.000001'), 1, 1)
  await expect(acquireFileLock(dir, 'x', { beatMs: 4000, staleMs: 1e9, onWait })).rejects.toMatchObject({
    code: 'storage-locked',
    message: expect.stringContaining('a process whose lock file cannot be read'),
  })
})

test('a watched lock is said once, with the owner and the time', async () => {
  await writeFile(join(dir, 'lock.000001'), JSON.stringify({ ...container('a'), token: 't', since: '2020' }))
  const said: string[] = []
  const self = container('b')
  const held = await acquireFileLock(dir, 'the directory', { ...quick, self, onWait: (line) => said.push(line) })
  expect(said).toEqual([
    'the directory is locked by process 1 on host a, which may be dead: the lock is watched for 0.12 s, then it is taken over',
  ])
  await held.release()
})

test('the lock file is whole whenever it is there, before and after the release', async () => {
  const texts: unknown[] = []
  const look = async (): Promise<void> => {
    for (const name of await readdir(dir))
      if (/^lock\.\d+$/.test(name)) texts.push(JSON.parse(await readFile(join(dir, name), 'utf8')))
  }
  let over = false
  const watching = (async () => {
    while (!over) await look().catch((error: NodeJS.ErrnoException) => expect(error.code).toBe('ENOENT'))
  })()
  for (let i = 0; i < 50; i++) await (await lock()).release()
  over = true
  await watching
  expect(texts).toContainEqual(expect.objectContaining({ pid: here.pid, released: true }))
})

test('where the file system has no hard links the file is created in its place', async () => {
  const held = await lock()
  await held.release()
  const noLinks = vi.fn().mockRejectedValue(Object.assign(new Error('no links'), { code: 'EPERM' }))
  linking.instead = noLinks
  try {
    const next = await lock()
    expect([await readdir(dir), noLinks.mock.calls.length]).toEqual([['lock.000002'], 1])
    await expect(lock()).rejects.toMatchObject({ code: 'storage-locked' })
    await next.release()
  } finally {
    linking.instead = undefined
  }
})

test.runIf(here.start !== undefined)('an owner that this user must not see lives', () => {
  const unseen = { ...here, pid: 0x7ffffff0 }
  const answers = { EPERM: true, ESRCH: false }
  for (const [code, alive] of Object.entries(answers)) {
    const kill = vi.spyOn(process, 'kill').mockImplementation(() => {
      throw Object.assign(new Error(code), { code })
    })
    expect(isAlive(unseen, here)).toBe(alive)
    expect(isAlive({ ...unseen, boot: undefined }, { ...here, boot: undefined })).toBe(alive)
    kill.mockRestore()
  }
})

test.runIf(here.thread !== undefined)('a worker that was terminated is a dead owner, at once', async () => {
  const worker = new Worker(
    `const { readFileSync, readlinkSync } = require('node:fs')
    const task = readlinkSync('/proc/thread-self')
    const start = readFileSync('/proc/' + task + '/stat', 'utf8').split(') ').pop().split(' ')[19]
    require('node:worker_threads').parentPort.postMessage({ id: Number(task.split('/').pop()), start })
    setInterval(() => {}, 1000)`,
    { eval: true },
  )
  const [thread] = (await once(worker, 'message')) as [{ id: number; start: string }]
  expect(thread.id).not.toBe(here.thread!.id)
  await writeFile(join(dir, 'lock.000001'), JSON.stringify({ ...here, thread, token: 't', since: '2020' }))
  await expect(lock()).rejects.toMatchObject({ code: 'storage-locked' })
  await worker.terminate()
  const held = await acquireFileLock(dir, 'x', { self: here, staleMs: 1e9 })
  await held.release()
})

test('reading tells the loser of a lock that it has lost it', async () => {
  const storage = lockingFileStorage(dir, { beatMs: 1e6, staleMs: 1e9 })
  const release = await storage.lock()
  await storage.put('log', Uint8Array.from([1]))
  await writeFile(join(dir, 'lock.000002'), JSON.stringify({ ...container('b'), token: 't', since: '2020' }))
  await rm(join(dir, 'log'))
  for (const look of [() => storage.read('log'), () => storage.list('')]) {
    await expect(look()).rejects.toMatchObject({
      code: 'lock-lost',
      message: expect.stringContaining('another process has taken this directory over'),
    })
  }
  await release()
})

test('a directory deleted under its owner is said as that', async () => {
  const storage = lockingFileStorage(join(dir, 'gone'), { beatMs: 1e6, staleMs: 1e9 })
  const release = await storage.lock()
  await rm(join(dir, 'gone'), { recursive: true })
  await expect(storage.read('log')).rejects.toMatchObject({
    code: 'lock-lost',
    message: expect.stringContaining('the directory was deleted or replaced under the running job'),
  })
  await release()
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
  expect([...(await readFile(join(dir, 'log')))]).toEqual([1])
  await release()
  expect(await readdir(dir)).toContain('lock.000002')
})
