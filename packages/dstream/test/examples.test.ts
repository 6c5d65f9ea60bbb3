import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as dstream from 'dstream'
import * as storage from 'dstream/storage'
import * as testing from 'dstream/testing'
import { bodyOf, examplesInPage, examplesInSource, filesUnder, type Example } from './examples.js'

// Every example that a reader meets is a module of its own here: checked by the compiler, and run. It may use all public
// names without importing them, what its own file exports, and the few names of `given`.
const root = fileURLToPath(new URL('../../..', import.meta.url))
const sources = ['packages/dstream/src', 'packages/jvc-receiver/src'].flatMap((folder) =>
  filesUnder(join(root, folder), /(?<!\.test|\.arbitrary)\.ts$/),
)
const pages = ['README.md', 'packages/dstream/README.md', 'packages/jvc-receiver/README.md', 'docs/concepts.md']
/** The other pages, whose blocks may be parts of programs: they are parsed. */
const otherPages = [
  ...['CONTRIBUTING.md', 'ARCHITECTURE.md'].map((page) => join(root, page)),
  ...filesUnder(join(root, 'docs'), /(?<!^operators|^rdd|^concepts)\.md$/),
  join(root, 'packages/jvc-scraper/README.md'),
]
const fromSource = sources.flatMap(examplesInSource)
const fromPages = pages.flatMap((page) => examplesInPage(join(root, page)))

/** Needs what only a reader has: a server, a signal, an end that does not come by itself. */
const waits =
  /for await|awaitTermination|StreamingContext\.run|dstream\/(csv|parquet|redis|kafka|postgres|sqlite|http)|fileSink/

const given = `
const t = new TestContext({ batchInterval: Seconds(1) })
const ssc = t.ssc
const sc = ssc.sc
const lines = t.input([['a b'], []])
const words = lines.flatMap((line) => line.split(' '))
const pairs = t.inputPairs<string, number>([[['a', 1]], []])
const post: Post = { id: '7', hour: '', topic: 't', auteur: 'a', message: 'é', stickers: ['s'] }
const posts = t.input([[post]])
const seen: unknown[] = []
const onCrashPoint = undefined
void [t, ssc, sc, lines, words, pairs, post, posts, seen, onCrashPoint]
`
const libraries: readonly [name: string, module: object][] = [
  ['dstream', dstream],
  ['dstream/storage', storage],
  ['dstream/testing', testing],
]

async function moduleOf({ file, code }: Example): Promise<string> {
  const { imports, statements } = bodyOf(code)
  const own = file.endsWith('.md') ? {} : ((await import(/* @vite-ignore */ file)) as object)
  const taken = new Set(imports.match(/\w+/g))
  const from = (specifier: string, names: readonly string[]): string => {
    const free = names.filter((name) => !taken.has(name))
    for (const name of free) taken.add(name)
    return `import { ${free.join(', ')} } from ${JSON.stringify(specifier)}`
  }
  return [
    imports,
    ...libraries.map(([name, module]) => from(name, Object.keys(module))),
    file.endsWith('.md') ? '' : from(file.replace(/\.ts$/, '.js'), Object.keys(own)),
    from('jvc-receiver', ['JvcReceiver']),
    from('jvc-receiver/feed', ['encodePost']),
    from('node:events', ['EventEmitter']),
    from('node:stream', ['Readable']),
    `import type { Post } from 'jvc-receiver/feed'`,
    taken.has('State') ? '' : `import type { State } from 'dstream'`,
    `export default async (check: (actual: unknown, result: () => unknown) => void): Promise<void> => {${given}{`,
    statements,
    '}}',
  ].join('\n')
}

const all = [...fromSource, ...fromPages].map((example, i) => ({
  ...example,
  title: `${relative(root, example.file)}: ${example.name}`,
  module: `example-${i}.ts`,
}))
let dir: string
const home = process.cwd()
beforeAll(async () => {
  // Examples that write files write them here.
  dir = mkdtempSync(join(tmpdir(), 'dstream-examples-'))
  // An example may import the client of a database beside dstream.
  symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'))
  for (const example of all) writeFileSync(join(dir, example.module), await moduleOf(example))
  process.chdir(dir)
}, 120_000)
afterAll(() => {
  process.chdir(home)
  rmSync(dir, { recursive: true, force: true })
})

test('examples are found', () => {
  expect(fromSource.length).toBeGreaterThan(150)
  expect(fromSource.filter(({ code }) => bodyOf(code).results > 0).length).toBeGreaterThan(120)
  expect(fromPages.length).toBeGreaterThan(5)
})

test('every example fits the types', () => {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path))
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: ['x.ts'] }, ts.sys, root)
  const program = ts.createProgram(
    all.map(({ module }) => join(dir, module)),
    {
      ...options,
      noEmit: true,
      noUnusedLocals: false,
      noUnusedParameters: false,
      typeRoots: [join(root, 'node_modules/@types')],
    },
  )
  const wrong = all.flatMap(({ module, title, language }) => {
    const source = program.getSourceFile(join(dir, module))!
    const found = [
      ...program.getSyntacticDiagnostics(source),
      ...(language === 'ts' ? program.getSemanticDiagnostics(source) : []),
    ]
    return found.map(({ messageText }) => `${title}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`)
  })
  expect(wrong).toEqual([])
}, 120_000)

test('every block of the other pages is a piece of program', () => {
  const wrong = otherPages.flatMap(examplesInPage).flatMap(({ file, name, code }) => {
    const { diagnostics = [] } = ts.transpileModule(code, { reportDiagnostics: true })
    return diagnostics.map(({ messageText }) => `${relative(root, file)}: ${name}: ${String(messageText)}`)
  })
  expect(wrong).toEqual([])
})

describe('an example runs, and gives what it says', () => {
  test.each(all.filter(({ code }) => !waits.test(code)))('$title', async ({ code, module }) => {
    let checked = 0
    const { default: run } = (await import(/* @vite-ignore */ join(dir, module))) as {
      default: (check: (actual: unknown, result: () => unknown) => void) => Promise<void>
    }
    await run((actual, result) => {
      checked++
      expect(actual).toEqual(result())
    })
    expect(checked).toBe(bodyOf(code).results)
  })
})
