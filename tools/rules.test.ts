import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ESLint } from 'eslint'
import layerList from '../layers.cjs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const { layers, rim } = layerList as { layers: Record<string, string[]>; rim: string[] }

// A guard that lets everything through looks like a guard that finds nothing: here each is shown what it must refuse.
const root = fileURLToPath(new URL('..', import.meta.url))
const engine = 'packages/dstream/src'

describe('the layer table', () => {
  // file → its text; every folder holds a leaf, so that an import is wrong only for where it points
  const leaf = 'export const leaf = 1\n'
  const from = (...paths: string[]) => paths.map((path, i) => `import * as m${i} from '${path}'\n`).join('')
  const using = (...paths: string[]) => from(...paths) + `export const all = [${paths.map((_, i) => `m${i}`)}]\n`
  const planted: Record<string, [text: string, rule: string | undefined]> = {
    [`${engine}/streams/operators/map.ts`]: [using('../graph/leaf.js', '../../base/errors/leaf.js'), undefined],
    [`${engine}/streams/operators/late.ts`]: [using('../../engine/leaf.js'), 'layer-streams-operators'],
    [`${engine}/base/time/types.ts`]: ["export type { Graph } from '../../streams/graph/leaf.js'\n", 'layer-base-time'],
    [`${engine}/base/errors/late.ts`]: [using('../time/leaf.js'), 'layer-base-errors'],
    [`${engine}/rdd/plan/early.ts`]: [using('../actions/leaf.js'), 'layer-rdd-plan'],
    [`${engine}/rdd/a.ts`]: [using('./b.js'), 'no-circular'],
    // a ring is reported once, by the first of its files
    [`${engine}/rdd/b.ts`]: ["import type { all } from './a.js'\nexport type B = typeof all\n", undefined],
    [`${engine}/novelty/a.ts`]: [using('../base/time/leaf.js'), 'every-folder-has-a-layer'],
    [`${engine}/streams/state/disk.ts`]: [using('node:fs'), 'only-the-platform-imports-node-built-ins'],
    [`${engine}/streams/graph/timer.ts`]: [using('timers/promises'), 'only-the-platform-imports-node-built-ins'],
    [`${engine}/streams/graph/stream.ts`]: [
      "import type { Readable } from 'node:stream'\nexport type R = Readable\n",
      undefined,
    ],
    [`${engine}/platform/disk.ts`]: [using('node:fs'), undefined],
    [`${engine}/api/dstream.ts`]: [
      "import type { all } from './job.js'\nexport const a: typeof all = []\n",
      'no-circular',
    ],
    [`${engine}/api/job.ts`]: [using('./dstream.js'), undefined],
    [`${engine}/api/streaming-context.ts`]: [using('../platform/leaf.js', '../engine/leaf.js'), undefined],
    [`${engine}/engine/engine.ts`]: [using('../platform/leaf.js'), 'layer-engine'],
    [`${engine}/output/outputs/print.ts`]: [using('../../testing/leaf.js'), 'the-rim-is-imported-by-nothing-inside'],
    [`${engine}/input/sources/queue.ts`]: [using('../../index.js'), 'layer-input-sources'],
    [`${engine}/durable/blocks/gone.ts`]: [using('./nowhere.js'), 'not-found'],
    [`${engine}/base/time/forum.ts`]: [using('jvc-receiver/feed'), 'dstream-knows-no-forum'],
    ['packages/jvc-receiver/src/feed/line.ts']: [using('node:fs'), 'the-feed-needs-nothing'],
    ['packages/jvc-receiver/src/receiver.ts']: [using('dstream'), undefined],
    ['packages/jvc-receiver/src/deep.ts']: [
      using('../../dstream/src/streams/graph/leaf.js'),
      'the-receiver-knows-the-engine-by-its-public-name',
    ],
    ['packages/jvc-scraper/src/posts.ts']: [using('jvc-receiver/feed'), undefined],
    ['packages/jvc-scraper/src/engine.ts']: [using('dstream'), 'the-scraper-knows-only-the-feed'],
    ['packages/dstream-spark/src/jvm/early.ts']: [using('../job/leaf.js'), 'spark-layer-jvm'],
    ['packages/dstream-spark/src/runner/late.ts']: [using('../command/leaf.js'), 'spark-layer-runner'],
    ['packages/dstream-spark/src/command/last.ts']: [using('../job/leaf.js'), undefined],
    ['examples/deep.js']: [using('../packages/dstream/src/index.js'), 'examples-use-public-names'],
    ['examples/good.js']: [using('dstream'), undefined],
  }
  const leaves = [...['streams/graph', 'engine', 'base/time', 'base/errors', 'rdd/actions', 'platform', 'testing']].map(
    (folder) => `${engine}/${folder}/leaf.ts`,
  )
  const others = [
    `${engine}/index.ts`,
    'packages/jvc-receiver/src/feed/index.ts',
    ...['job', 'command'].map((folder) => `packages/dstream-spark/src/${folder}/leaf.ts`),
  ]

  let dir: string
  const refused = new Map<string, Set<string>>()
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'dstream-layers-'))
    const write = (path: string, text: string) => {
      mkdirSync(dirname(join(dir, path)), { recursive: true })
      writeFileSync(join(dir, path), text)
    }
    for (const path of [...leaves, ...others]) write(path, `${leaf}export interface Graph {}\n`)
    for (const [path, [text]] of Object.entries(planted)) write(path, text)
    for (const path of ['package.json', 'examples/package.json', 'packages/dstream/package.json']) write(path, '{}')
    cpSync(join(root, 'tsconfig.json'), join(dir, 'tsconfig.json'))
    for (const file of ['.dependency-cruiser.cjs', 'layers.cjs']) cpSync(join(root, file), join(dir, file))
    const args = ['packages', 'examples', '--config', '.dependency-cruiser.cjs', '--output-type', 'json']
    // The json reporter ends with 0 whatever it found.
    const report = execFileSync(join(root, 'node_modules/.bin/depcruise'), args, { cwd: dir, encoding: 'utf8' })
    const { summary } = JSON.parse(report) as { summary: { violations: { from: string; rule: { name: string } }[] } }
    for (const { from: path, rule } of summary.violations) {
      refused.set(path, (refused.get(path) ?? new Set()).add(rule.name))
    }
  })
  afterAll(() => rmSync(dir, { recursive: true, force: true }))

  test.each(Object.entries(planted))('%s', (path, [, rule]) => {
    const rules = [...(refused.get(path) ?? [])]
    if (rule === undefined) expect(rules).toEqual([])
    else expect(rules).toContain(rule)
  })
})

test('ARCHITECTURE.md shows the layers as they are listed in layers.cjs', () => {
  const page = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')
  const shown = /```layers\n([^]*?)```/.exec(page)?.[1]
  const line = (name: string, text: string) => `${`${name} `.padEnd(22)}←${text}`
  const listed = Object.entries(layers).map(([layer, allowed]) =>
    line(layer, allowed.map((name) => ` ${name}`).join(',')),
  )
  const rimLine = line('rim', ` anything; imported by nothing: ${rim.join(', ')}`)
  expect(shown).toBe([...listed, rimLine, ''].join('\n'))
})

describe('the pure core', () => {
  const eslint = new ESLint({
    cwd: root,
    overrideConfig: [
      {
        files: ['**/*.ts'],
        languageOptions: { parserOptions: { projectService: false } },
        rules: {
          '@typescript-eslint/no-floating-promises': 'off',
          '@typescript-eslint/no-misused-promises': 'off',
          '@typescript-eslint/await-thenable': 'off',
          '@typescript-eslint/naming-convention': 'off',
        },
      },
    ],
  })
  const complaints = async (code: string, filePath: string) => {
    const [result] = await eslint.lintText(code, { filePath: join(root, filePath) })
    return result?.messages.map(({ message }) => message) ?? []
  }

  test.each([
    ['Date.now', 'export function now() { return Date.now() }\n', /Take a Clock/],
    ['new Date', 'export function now() { return new Date() }\n', /Take a Clock/],
    ['performance', 'export function now() { return performance.now() }\n', /Take a Clock/],
    ['setTimeout', 'export const later = (f: () => void) => setTimeout(f, 1)\n', /Take a Clock/],
    ['Math.random', 'export const dice = () => Math.random()\n', /seeded generator/],
    ['process', "export const mode = () => process.env['MODE']\n", /Only platform\/ and the rim know the process/],
    ['console', 'export const say = () => console.log(1)\n', /Logger/],
    ['globalThis', 'export const hidden = () => globalThis.Date\n', /globalThis hides/],
    ['a default export', 'export default 1\n', /Export by name/],
    ['301 lines', `${'\n'.repeat(300)}export const long = 1\n`, /too many lines \(301\)/],
    ['a long function', `export const long = () => {\n${'  Math.abs(1)\n'.repeat(60)}}\n`, /too many lines \(62\)/],
    ['an arrow at the top level', 'export const half = (n: number) => n / 2\n', /Declare a function/],
    ['the keyword private', 'export class A {\n  private a = 1\n}\n', /Private members are #private/],
    ['an unused name', 'const unused = 1\n', /never used/],
  ])('refuses %s', async (_, code, message) => {
    const found = await complaints(code, `${engine}/streams/graph/planted.ts`)
    expect(found.filter((text) => message.test(text))).toHaveLength(1)
  })

  test('lets a date that was handed in, and a clock at the rim, through', async () => {
    expect(
      await complaints(
        'export function at(ms: number) { return new Date(ms) }\n',
        `${engine}/streams/graph/planted.ts`,
      ),
    ).toEqual([])
    expect(await complaints('export function now() { return Date.now() }\n', `${engine}/platform/planted.ts`)).toEqual(
      [],
    )
  })
})
