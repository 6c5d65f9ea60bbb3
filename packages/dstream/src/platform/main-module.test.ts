import { mkdir, mkdtemp, realpath, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { isProgram, programFile } from './main-module.js'

describe('the program of a process', () => {
  let dir: string
  beforeAll(async () => {
    dir = await realpath(await mkdtemp(join(tmpdir(), 'dstream-main-')))
    await mkdir(join(dir, 'app'))
    await writeFile(join(dir, 'app', 'package.json'), '{ "main": "job.mjs" }')
    await mkdir(join(dir, 'indexed'))
    for (const file of ['app/job.mjs', 'indexed/index.js', 'job.ts', 'job.js']) await writeFile(join(dir, file), '')
    await symlink(join(dir, 'job.js'), join(dir, 'link.js'))
  })

  test.each([
    ['a file', 'job.js', {}, 'job.js'],
    ['a symbolic link', 'link.js', {}, 'job.js'],
    ['a TypeScript file of tsx or ts-node', 'job.ts', {}, 'job.ts'],
    ['a file without its ending', 'job', {}, 'job.js'],
    ['a package folder with a main file', 'app', {}, 'app/job.mjs'],
    ['a folder with an index', 'indexed', {}, 'indexed/index.js'],
    ['PM2 in fork mode', 'pm2/lib/ProcessContainerFork.js', { pm_exec_path: 'job.js' }, 'job.js'],
    ['PM2 in cluster mode', 'pm2/lib/ProcessContainer.js', { pm_exec_path: 'job.js' }, 'job.js'],
  ])('is %s', (_, program, env, file) => {
    const inDir = Object.fromEntries(Object.entries(env).map(([name, path]) => [name, join(dir, path)]))
    expect(isProgram(join(dir, file), programFile(['node', join(dir, program)], inDir))).toBe(true)
  })

  test.each([
    ['another file', 'job.ts', {}],
    ['a child of a PM2 process', 'job.ts', { pm_exec_path: 'job.js' }],
  ])('is not the module: %s', (_, program, env) => {
    const inDir = Object.fromEntries(Object.entries(env).map(([name, path]) => [name, join(dir, path)]))
    expect(isProgram(join(dir, 'job.js'), programFile(['node', join(dir, program)], inDir))).toBe(false)
  })

  test('is the evaluated code where there is no file', () => {
    expect(programFile(['node', '-'], {})).toBeUndefined()
    expect(programFile(['node'], {})).toBeUndefined()
    expect(isProgram('/somewhere/[eval1]', undefined)).toBe(true)
    expect(isProgram('/somewhere/job.js', undefined)).toBe(false)
  })
})
