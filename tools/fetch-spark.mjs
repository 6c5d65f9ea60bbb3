// @ts-check
// Brings the Spark of the tests, once: pip's pyspark, in a cache outside the tree. It needs Python with pip.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PYSPARK, sparkHome } from '../packages/dstream-spark/test/spark-home.mjs'

const home = sparkHome()
const complete = join(home, 'complete')
if (existsSync(complete)) {
  console.log(`The Spark of the tests is in ${home}`)
  process.exit(0)
}
console.log(`Fetching the Spark of the tests to ${home}`)
rmSync(home, { recursive: true, force: true })
mkdirSync(home, { recursive: true })
const pip = ['-m', 'pip', 'install', '--quiet', '--no-compile', '--target', home, PYSPARK]
const { status, error } = spawnSync('python3', pip, { stdio: 'inherit' })
if (error !== undefined || status !== 0) {
  console.error(`fetch-spark: python3 ${pip.join(' ')} failed: ${error?.message ?? `code ${status}`}`)
  process.exit(1)
}
writeFileSync(complete, '')
