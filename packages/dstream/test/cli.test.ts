import { spawnSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const bin = fileURLToPath(new URL('../bin/dstream.js', import.meta.url))
const dstream = pathToFileURL(fileURLToPath(new URL('../dist/index.js', import.meta.url))).href
const dstreamForRequire = fileURLToPath(new URL('../dist/index.cjs', import.meta.url))
const tsx = fileURLToPath(new URL('../../../node_modules/tsx', import.meta.url))
const home = mkdtempSync(join(tmpdir(), 'dstream-cli-'))
const directory = join(home, 'checkpoint')

function cli(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8', cwd: home })
  return { status, stdout, stderr }
}

/** A job of one's own, in a module: three batches of words, then the end. */
function job(name: string, streams: string): string {
  const file = join(home, name)
  writeFileSync(
    file,
    `import { Milliseconds, StreamingContext } from '${dstream}'
    const add = (a, b) => a + b
    const source = {
      initial: () => 0,
      plan: (from) => Math.min(from + 1, 3),
      read: (from, until) => ['a', 'b', 'a'].slice(from, until),
    }
    const options = { appName: 'words', batchInterval: Milliseconds(20), checkpointDir: ${JSON.stringify(directory)}, retry: { attempts: 1 } }
    await StreamingContext.run(import.meta, options, (ssc) => {
      const words = ssc.fromSource(source).mapToPair((word) => [word, 1])
      ${streams}
      let batches = 0
      ssc.on('batchCompleted', () => ++batches === 4 && void ssc.stop({ gracefully: true }))
    })`,
  )
  return file
}

function files(): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(directory, name)).isFile())
    .sort()
    .map((name) => `${name} ${readFileSync(join(directory, name)).toString('base64')}`)
}

beforeAll(() => {
  const first = job('first.mjs', "words.runningReduceByKey(add).uid('totals').foreachRDD(() => {})")
  const { status, stderr } = spawnSync(process.execPath, [first], { encoding: 'utf8' })
  expect([status, stderr]).toEqual([0, expect.not.stringContaining('error')])
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

test('inspect, verify and export show what a job has left', () => {
  expect(cli('checkpoint', 'inspect', directory)).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/totals {2}runningReduceByKey, version 1 {2}state: 2 keys/),
  })
  expect(cli('checkpoint', 'verify', directory)).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/files are good/),
  })
  const lines = cli('checkpoint', 'export', directory, 'totals').stdout.trim().split('\n')
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
    { table: 'state', key: 'a', value: 2 },
    { table: 'state', key: 'b', value: 1 },
  ])
})

test.each<[string, string, number, RegExp]>([
  ['the same', "words.runningReduceByKey(add).uid('totals').print()", 0, /kept +.*totals[^]*new +nothing/],
  [
    'one more state above',
    "words.updateStateByKey((values) => values.length).uid('sizes').print(); words.runningReduceByKey(add).uid('totals').print()",
    0,
    /kept +.*totals[^]*new +sizes[^]*dropped +nothing/,
  ],
  [
    'the state without its uid',
    'words.runningReduceByKey(add).print()',
    1,
    /start would refuse[^]*totals.*\.uid\("totals"\)/,
  ],
  ['no output', "words.runningReduceByKey(add).uid('totals')", 1, /No output operations registered/],
  ['a definition that throws', "throw new Error('not today')", 1, /not today/],
])('plan, %s: says what start would do, and touches nothing', (_, streams, status, said) => {
  const before = files()
  const result = cli('checkpoint', 'plan', directory, job('next.mjs', streams))
  expect(result.status).toBe(status)
  expect(status === 0 ? result.stdout : result.stderr).toMatch(said)
  expect(files()).toEqual(before)
})

describe('plan with TypeScript', () => {
  const typed = 'const add = (a: number, b: number): number => a + b\n'
  function typedJob(folder: string, name: string): string {
    mkdirSync(join(home, folder), { recursive: true })
    const file = job(join(folder, name), "words.runningReduceByKey(add).uid('totals').print()")
    writeFileSync(file, typed + readFileSync(file, 'utf8').replace(/^.*const add = .*$/m, ''))
    return file
  }

  function withTsx(folder: string): void {
    mkdirSync(join(home, folder, 'node_modules'), { recursive: true })
    symlinkSync(tsx, join(home, folder, 'node_modules', 'tsx'))
  }

  test.each(['job.ts', 'job.mts'])('%s is loaded with the tsx of its project', (name) => {
    const file = typedJob(`with-${name}`, name)
    withTsx(`with-${name}`)
    writeFileSync(join(home, `with-${name}`, 'package.json'), '{"type":"module"}')
    expect(cli('checkpoint', 'plan', directory, file)).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/kept +.*totals[^]*new +nothing/),
    })
  })

  test('a job in CommonJS that requires TypeScript', () => {
    withTsx('commonjs')
    writeFileSync(join(home, 'commonjs', 'add.ts'), 'export const add = (a: number, b: number): number => a + b\n')
    const file = job(join('commonjs', 'job.cts'), "words.runningReduceByKey(add).uid('totals').print()")
    const text = readFileSync(file, 'utf8')
      .replace(
        /import (.*) from '.*'/,
        `import $1 from ${JSON.stringify(dstreamForRequire)}\nimport { add } from './add'`,
      )
      .replace(/^.*const add = .*$/m, '')
      .replace('await StreamingContext.run(import.meta,', 'void StreamingContext.run(module,')
    writeFileSync(file, text)
    expect(cli('checkpoint', 'plan', directory, file)).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/kept +.*totals[^]*new +nothing/),
    })
  })

  test('without tsx Node strips the types, or the error says what to install', () => {
    const result = cli('checkpoint', 'plan', directory, typedJob('without-tsx', 'job.mts'))
    if ('typescript' in process.features && Boolean(process.features.typescript))
      expect(result).toMatchObject({ status: 0, stdout: expect.stringContaining('kept') })
    else {
      expect(result).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(/job\.mts cannot be loaded: it is TypeScript.*npm install --save-dev tsx/),
      })
    }
  })
})

test('plan with a module that is no job, or none at all', () => {
  writeFileSync(join(home, 'none.mjs'), 'export const nothing = 1')
  expect(cli('checkpoint', 'plan', directory, 'none.mjs')).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/none\.mjs defines no job.*StreamingContext\.run/),
  })
  expect(cli('checkpoint', 'plan', directory, 'gone.mjs')).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/gone\.mjs cannot be loaded/),
  })
})

test.each<[string[], RegExp]>([
  [[], /^dstream: looks into/],
  [['checkpoint', 'burn', '.'], /"checkpoint burn \." is no command/],
  [['checkpoint', 'toString', '.'], /is no command/],
  [['checkpoint', 'inspect'], /checkpoint inspect takes <directory>/],
  [['checkpoint', 'plan', '.'], /checkpoint plan takes <directory> <job>/],
  [['checkpoint', 'inspect', 'a', 'b'], /checkpoint inspect takes <directory>/],
])('%j is refused with what there is', (args, said) => {
  const { status, stdout, stderr } = cli(...args)
  expect([status, stdout + stderr]).toEqual([2, expect.stringMatching(said)])
})

test.each<[string[], number, RegExp]>([
  [['inspect', 'nowhere'], 1, /nowhere does not exist/],
  [['verify', 'nowhere'], 1, /nowhere does not exist/],
  [['export', 'nowhere', 'totals'], 1, /nowhere does not exist/],
  [['plan', 'nowhere', 'first.mjs'], 1, /nowhere does not exist/],
  [['inspect', 'hdfs://name/words'], 1, /is a URI, which npx dstream-spark inspect hdfs:\/\/name\/words reads/],
  [['inspect', 'first.mjs'], 1, /first\.mjs is no directory/],
  [['export', 'empty', 'totals'], 1, /empty holds no checkpoint/],
  [['export', directory, 'nobody'], 1, /holds nothing for "nobody"/],
  [['inspect', directory, '--verbose'], 2, /Unknown option '--verbose'/],
])('checkpoint %j: exit code %d, and why', (args, status, said) => {
  mkdirSync(join(home, 'empty'), { recursive: true })
  expect(cli('checkpoint', ...args)).toMatchObject({ status, stdout: '', stderr: expect.stringMatching(said) })
})

test('--help helps', () => {
  expect(cli('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('checkpoint plan') })
  expect(cli('checkpoint', '--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('checkpoint plan') })
})

test('skip gives up a batch that waits for an output, and says what still waits', () => {
  const fragile = join(home, 'fragile')
  const file = job('fragile.mjs', "words.foreachRDD(() => { throw new Error('away') }).uid('store')")
  writeFileSync(file, readFileSync(file, 'utf8').replace(JSON.stringify(directory), JSON.stringify(fragile)))
  const run = spawnSync(process.execPath, [file], { encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } })
  expect(run).toMatchObject({ status: 1, stderr: expect.stringMatching(/away/) })
  const { stdout } = cli('checkpoint', 'inspect', fragile)
  const time = /outputs behind store of (\d+)/.exec(stdout)![1]!
  expect(cli('checkpoint', 'skip', fragile, 'store', 'yesterday')).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/"yesterday" is no time/),
  })
  const iso = new Date(Number(time)).toISOString()
  expect(cli('checkpoint', 'skip', fragile, 'store', iso)).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(new RegExp(`The batch of ${time} ms .* is given up for "store"`)),
  })
  expect(cli('checkpoint', 'skip', fragile, 'store', time)).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(new RegExp(`No batch of ${time} ms waits for "store"`)),
  })
})
