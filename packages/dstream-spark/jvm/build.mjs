// @ts-check
// Builds the JVM part: node jvm/build.mjs. It needs Maven and a JDK, which nothing else here does.
// --check: only says whether the jar is there and belongs to the sources, as packing needs it.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const built = join(here, 'target/dstream-spark.jar')
const jar = join(here, '../dist/dstream-spark.jar')

const newest = (/** @type {string} */ folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((latest, entry) => Math.max(latest, statSync(join(entry.parentPath, entry.name)).mtimeMs), 0)
const isFresh = (/** @type {string} */ file) =>
  existsSync(file) &&
  statSync(file).mtimeMs >= Math.max(newest(join(here, 'src')), statSync(join(here, 'pom.xml')).mtimeMs)

if (process.argv.includes('--check')) {
  if (!isFresh(jar)) {
    console.error(
      'dstream-spark: the jar is missing or older than its sources: run "npm run jar --workspace dstream-spark", which needs Maven and a JDK 17',
    )
    process.exit(1)
  }
  process.exit(0)
}

if (!isFresh(built)) {
  const { status, error } = spawnSync('mvn', ['-q', '-B', '-f', join(here, 'pom.xml'), 'package'], { stdio: 'inherit' })
  if (error !== undefined || status !== 0) {
    console.error(`dstream-spark: the jar could not be built: ${error?.message ?? `mvn ended with ${status}`}`)
    process.exit(1)
  }
}
mkdirSync(join(here, '../dist'), { recursive: true })
copyFileSync(built, jar)
