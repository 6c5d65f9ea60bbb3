import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { bundleJob } from './bundle.js'

const project = mkdtempSync(join(tmpdir(), 'dstream-bundle-'))
afterAll(() => rmSync(project, { recursive: true }))

/** Writes a project, bundles its job, and returns what the bundle prints. */
async function printed(files: Readonly<Record<string, string>>, job: string): Promise<string> {
  for (const [name, text] of Object.entries({ 'package.json': '{}', ...files })) {
    mkdirSync(dirname(join(project, name)), { recursive: true })
    writeFileSync(join(project, name), text)
  }
  const { file } = await bundleJob(join(project, job))
  return execFileSync(process.execPath, [file], { encoding: 'utf8' }).trim()
}

describe('a bundle does what the job does', () => {
  test.each<[string, Readonly<Record<string, string>>, string, string]>([
    [
      'import.meta',
      { 'a.mjs': 'console.log(import.meta.url, import.meta.dirname)' },
      'a.mjs',
      `${pathToFileURL(join(project, 'a.mjs')).href} ${project}`,
    ],
    [
      'import.meta of a module below',
      {
        'lib/b.mjs': 'export const here = import.meta.filename',
        'c.mjs': "import { here } from './lib/b.mjs'\nconsole.log(here)",
      },
      'c.mjs',
      join(project, 'lib/b.mjs'),
    ],
    ['TypeScript', { 'd.ts': 'const n: number = 4\nconsole.log(n as number)' }, 'd.ts', '4'],
    [
      'CommonJS',
      { 'e.cjs': 'console.log(module.filename, __dirname)' },
      'e.cjs',
      `${join(project, 'e.cjs')} ${project}`,
    ],
    [
      'CommonJS that an ES module imports',
      {
        'f.cjs': "exports.path = require('node:path').join(__dirname, 'x')",
        'g.mjs': "import { path } from './f.cjs'\nconsole.log(path)",
      },
      'g.mjs',
      join(project, 'x'),
    ],
    [
      'an optional package that is not there',
      { 'h.mjs': "console.log(await import('not-there-at-all').catch(({ code }) => code))" },
      'h.mjs',
      'ERR_MODULE_NOT_FOUND',
    ],
    ['top-level await', { 'i.mjs': 'console.log(await Promise.resolve(5))' }, 'i.mjs', '5'],
  ])('%s', async (_, files, job, expected) => {
    expect(await printed(files, job)).toBe(expected)
  })
})

test('what cannot be bundled is said with its place', async () => {
  writeFileSync(join(project, 'bad.mjs'), "import { x } from './nowhere.mjs'\nconsole.log(x)")
  await expect(bundleJob(join(project, 'bad.mjs'))).rejects.toThrow(
    /bad\.mjs cannot be bundled: .*bad\.mjs:1: Could not resolve "\.\/nowhere\.mjs"/,
  )
})
