// @ts-check
// npm run test:spark: the tests of dstream-spark on a real Spark. Prints "N passed, N failed" at its end. Where Java, Spark or the
// jar is missing, a line says which, and nothing is run; in CI (`DSTREAM_CI`) that is a failure.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findJava, findSpark, MissingPart } from '../packages/dstream-spark/dist/find-spark.js'
import { archivingJvm } from '../packages/dstream-spark/test/quick-jvm.mjs'
import { sparkHome } from '../packages/dstream-spark/test/spark-home.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const inRoot = (/** @type {string} */ path) => join(root, path)
const run = (/** @type {string[]} */ args, /** @type {NodeJS.ProcessEnv} */ env = process.env) =>
  spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env }).status

/** @param {string} missing */
const skip = (missing) => {
  console.log(`test:spark is ${process.env['DSTREAM_CI'] ? 'not possible' : 'skipped'}: ${missing}`)
  process.exit(process.env['DSTREAM_CI'] ? 1 : 0)
}

/** @returns {string} */
const findHome = () => {
  try {
    findJava({})
    const cached = sparkHome()
    return findSpark({ named: existsSync(join(cached, 'complete')) ? cached : undefined }).home
  } catch (error) {
    if (error instanceof MissingPart)
      return skip(`${error.message}. node tools/fetch-spark.mjs brings the Spark of the tests`)
    throw error
  }
}

const home = findHome()
if (run([inRoot('packages/dstream-spark/jvm/build.mjs')]) !== 0) skip('the jar needs Maven and a JDK 17')

const folder = mkdtempSync(join(tmpdir(), 'dstream-test-spark-'))
const report = join(folder, 'report.json')

/** Runs a small job whose JVM leaves an archive of its classes. Returns the variables of tests that start theirs by it. */
const archived = () => {
  const archive = join(folder, 'classes.jsa')
  const { status } = spawnSync(
    process.execPath,
    [
      ...[inRoot('packages/dstream-spark/bin/dstream-spark.js'), 'run'],
      ...[inRoot('packages/dstream-spark/test/jobs/ranges.mjs'), '--spark-home', home, '--master', 'local[2]'],
    ],
    {
      stdio: 'ignore',
      env: {
        ...process.env,
        SPARK_SUBMIT_OPTS: archivingJvm(archive),
        CHECKPOINT: join(folder, 'checkpoint'),
        BATCHES: '2',
      },
    },
  )
  if (status === 0 && existsSync(archive)) return { SPARK_CLASSES: archive }
  console.log('The classes of Spark could not be archived: the JVMs of the tests start without')
  return {}
}

// Each test starts a JVM or three, so that more files at once would starve each other; a third one uses what the others wait.
const vitest = [
  inRoot('node_modules/vitest/vitest.mjs'),
  'run',
  '--maxWorkers=3',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
]
const status = run([...vitest, ...process.argv.slice(2)], {
  ...process.env,
  ...archived(),
  SPARK_TESTS: '1',
  SPARK_HOME: home,
})
const summary = existsSync(report) ? run([inRoot('tools/test-summary.mjs'), report]) : 1
rmSync(folder, { recursive: true })
process.exitCode = status === 0 && summary === 0 ? 0 : 1
