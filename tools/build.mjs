// @ts-check
// Builds the packages in the order in which they need each other.
// --if-stale: only those whose dist is missing or older than a source it is made from.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)
const root = fileURLToPath(new URL('..', import.meta.url))
const packages = ['dstream', 'jvc-receiver', 'jvc-scraper', 'dstream-spark']
const ifStale = process.argv.includes('--if-stale')

// `npm ci --omit=dev` brings no compiler and runs `prepare` all the same: whoever does that has a dist of their own.
if (process.env['npm_lifecycle_event'] === 'prepare' && !existsSync(join(root, 'node_modules/tsup'))) {
  console.log('prepare: no build tools installed, nothing is built')
  process.exit(0)
}

const tsup = () => {
  const manifest = require.resolve('tsup/package.json')
  return join(dirname(manifest), require(manifest).bin.tsup)
}

const newest = (/** @type {string} */ folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.test\.ts$/.test(entry.name))
    .reduce((latest, entry) => Math.max(latest, statSync(join(entry.parentPath, entry.name)).mtimeMs), 0)

// The declarations are written last, so the older of the two says when a build was complete.
const builtAt = (/** @type {string} */ dir) => {
  const isLibrary = existsSync(join(dir, 'src/index.ts'))
  const names = isLibrary ? ['index.js', 'index.cjs', 'index.d.ts', 'index.d.cts'] : ['cli.js', 'dstream-worker.mjs']
  const files = names.map((name) => join(dir, 'dist', name))
  return files.every((file) => existsSync(file)) ? Math.min(...files.map((file) => statSync(file).mtimeMs)) : 0
}

const isStale = (/** @type {string} */ dir) => {
  const made = [join(dir, 'package.json'), join(dir, 'tsup.config.ts')].map((file) => statSync(file).mtimeMs)
  return Math.max(newest(join(dir, 'src')), ...made) > builtAt(dir)
}

for (const name of packages) {
  const dir = join(root, 'packages', name)
  if (ifStale && !isStale(dir)) continue
  console.log(`building ${name}`)
  rmSync(join(dir, 'dist'), { recursive: true, force: true })
  const { status } = spawnSync(process.execPath, [tsup(), '--silent'], { cwd: dir, stdio: 'inherit' })
  if (status !== 0) {
    console.error(`build: ${name} could not be built (see above)`)
    process.exit(1)
  }
}
