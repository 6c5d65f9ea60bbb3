import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeFolder } from './make-folder.js'

let home: string

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'folder-'))
  await writeFile(join(home, 'file'), '')
  await symlink('nowhere', join(home, 'dangling'))
})
afterAll(() => rm(home, { recursive: true, force: true }))

describe('makeFolder', () => {
  test('makes missing parents, with the mode, and leaves an existing folder', async () => {
    const path = join(home, 'a', 'b')
    await makeFolder(path, 0o700)
    await makeFolder(path)
    expect((await stat(path)).mode & 0o777).toBe(0o700)
    expect((await stat(join(home, 'a'))).isDirectory()).toBe(true)
  })

  test('makes one folder for several at once', async () => {
    for (let i = 0; i < 50; i++) {
      const path = join(home, `c${i}`, 'd', 'e')
      await Promise.all([makeFolder(path), makeFolder(path), makeFolder(path)])
      expect((await stat(path)).isDirectory()).toBe(true)
    }
  })

  test.each([
    ['a file', 'file', 'EEXIST'],
    ['a path through a file', 'file/x', 'ENOTDIR'],
    ['a link to nothing', 'dangling', 'EEXIST'],
  ])('refuses %s', async (_, name, code) => {
    await expect(makeFolder(join(home, name))).rejects.toMatchObject({ code })
  })

  // The recursive mkdir of Node does not end here.
  test.runIf(process.platform === 'linux')('refuses a folder that the system does not allow', async () => {
    await expect(makeFolder('/proc/no-folder/x')).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
