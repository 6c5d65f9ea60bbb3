import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeOwnFolder, noteApplication, removeLeftovers } from './own-folder.js'

let parent: string
beforeEach(() => void (parent = mkdtempSync(join(tmpdir(), 'dstream-own-folder-'))))
afterEach(() => rmSync(parent, { recursive: true }))

/** A folder whose owner is another process. */
function folderOf(pid: number, start?: string): string {
  const folder = makeOwnFolder(parent)
  const file = join(folder, 'owner.json')
  const owner = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
  const { start: own } = owner
  writeFileSync(file, JSON.stringify({ ...owner, pid, thread: undefined, start: start ?? own }))
  return folder
}

async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', ''])
  await once(child, 'exit')
  return child.pid!
}

test('what a dead process has left is removed, with the work of its applications; what a living one has stays', async () => {
  const home = join(parent, 'spark')
  for (const name of ['app-1', 'app-2']) mkdirSync(join(home, 'work', name), { recursive: true })
  const own = makeOwnFolder(parent)
  const dead = folderOf(await deadPid(), '1')
  noteApplication(own, 'app-1')
  noteApplication(dead, 'app-2')
  noteApplication(dead, '..')
  const others = join(parent, 'others')
  mkdirSync(others)
  removeLeftovers(parent, home)
  expect([own, dead, others].map((folder) => existsSync(folder))).toEqual([true, false, true])
  expect(readdirSync(join(home, 'work'))).toEqual(['app-1'])
})

test.runIf(existsSync('/proc/self/stat'))('a pid that another process has now is that of a dead one', () => {
  const reused = folderOf(process.pid, '1')
  removeLeftovers(parent)
  expect(existsSync(reused)).toBe(false)
})

test('a folder without an owner stays for a day: its process may be about to say whose it is', () => {
  const young = mkdtempSync(join(parent, '.dstream-spark-'))
  const old = mkdtempSync(join(parent, '.dstream-spark-'))
  const before = new Date(Date.now() - 25 * 3_600_000)
  utimesSync(old, before, before)
  removeLeftovers(parent)
  expect([young, old].map((folder) => existsSync(folder))).toEqual([true, false])
})

test.each(['{', 'null', '{}'])('an owner that reads %j is nobody of whom this process could tell', (text) => {
  const folder = makeOwnFolder(parent)
  writeFileSync(join(folder, 'owner.json'), text)
  removeLeftovers(parent)
  expect(existsSync(folder)).toBe(true)
})

test('a parent that is not there has no leftovers', () => {
  expect(() => removeLeftovers(join(parent, 'none'))).not.toThrow()
})
