import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

// A program that wants no page loads nothing of it, and waits for nothing of it at its start.

const dist = fileURLToPath(new URL('../dist/', import.meta.url))
/** Texts that only the modules of the page and of the metrics hold. */
const OF_THE_PAGE = ['collectDefaultMetrics', 'text/event-stream', '/api/v1/applications', 'createObservableGauge']

/** Returns the files that the import of a built entry brings, and the packages; without those of `import()`. */
function importedBy(entry: string): { readonly files: readonly string[]; readonly packages: readonly string[] } {
  const files = new Set<string>()
  const packages = new Set<string>()
  const pending = [join(dist, entry)]
  for (let file = pending.pop(); file !== undefined; file = pending.pop()) {
    if (files.has(file)) continue
    files.add(file)
    for (const [, name] of readFileSync(file, 'utf8').matchAll(/^(?:import|export)\b[^'"()]*['"]([^'"]+)['"]/gm)) {
      if (name!.startsWith('.')) pending.push(join(dirname(file), name!))
      else packages.add(name!)
    }
  }
  return { files: [...files], packages: [...packages] }
}

test('import of the engine brings no module of the page', () => {
  const { files, packages } = importedBy('index.js')
  const found = files.filter((file) => OF_THE_PAGE.some((text) => readFileSync(file, 'utf8').includes(text)))
  expect({ found, http: packages.filter((name) => /^(prom-client|(node:)?https?)$/.test(name)) }).toEqual({
    found: [],
    http: [],
  })
  // The same look at the page finds them all but that of the meter.
  const page = importedBy('ui.js')
  const text = page.files.map((file) => readFileSync(file, 'utf8')).join('')
  expect(OF_THE_PAGE.slice(0, 3).filter((one) => !text.includes(one))).toEqual([])
  expect(page.packages).toEqual(expect.arrayContaining(['prom-client', expect.stringMatching(/^(node:)?http$/)]))
})

test.each([
  ['without a page', '', false],
  ['with a page', 'ui: { port: 0 },', true],
])('a job that has run %s', (_, option, isLoaded) => {
  const entry = join(dist, 'index.cjs')
  expect(existsSync(entry)).toBe(true)
  const program = `const { Milliseconds, StreamingContext } = require(${JSON.stringify(entry)})
    const logger = { debug() {}, info() {}, warn() {}, error() {} }
    const ssc = new StreamingContext({ ${option} batchInterval: Milliseconds(10), logger })
    ssc.queueStream([ssc.sc.parallelize([1])]).foreachRDD(() => undefined)
    ssc.on('batchCompleted', () => void ssc.stop())
    ssc.start().then(() => ssc.awaitTermination()).then(() => console.log(JSON.stringify(Object.keys(require.cache))))`
  const loaded = JSON.parse(execFileSync(process.execPath, ['-e', program], { encoding: 'utf8' })) as string[]
  const prom = createRequire(entry).resolve('prom-client')
  expect([loaded.includes(prom), loaded.includes(join(dist, 'ui.cjs'))]).toEqual([isLoaded, isLoaded])
})
