// @ts-check
// Brings the Spark of the tests, once: pip's pyspark, in a cache outside the tree. It needs Python with pip.
// --hdfs: also Hadoop's cluster of tests, for the tests on HDFS and YARN. That needs Maven.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { MINI_HDFS, MINI_YARN, miniHdfsJar, PYSPARK, sparkHome } from '../packages/dstream-spark/test/spark-home.mjs'

/**
 * Runs a command to its end, and ends with it where it fails.
 * @param {string} program
 * @param {readonly string[]} args
 */
const run = (program, args) => {
  const { status, error } = spawnSync(program, args, { stdio: 'inherit' })
  if (error === undefined && status === 0) return
  console.error(`fetch-spark: ${program} ${args.join(' ')} failed: ${error?.message ?? `code ${status}`}`)
  process.exit(1)
}

const home = sparkHome()
const complete = join(home, 'complete')
if (!existsSync(complete)) {
  console.log(`Fetching the Spark of the tests to ${home}`)
  rmSync(home, { recursive: true, force: true })
  mkdirSync(home, { recursive: true })
  run('python3', ['-m', 'pip', 'install', '--quiet', '--no-compile', '--target', home, PYSPARK])
  writeFileSync(complete, '')
}
console.log(`The Spark of the tests is in ${home}`)

const jars = new Map([[miniHdfsJar(), MINI_HDFS], ...MINI_YARN])
for (const [jar, artifact] of jars) {
  if (process.argv.includes('--hdfs') && !existsSync(jar)) {
    console.log(`Fetching ${artifact} to ${jar}`)
    const copy = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy'
    run('mvn', ['-q', '-B', copy, `-Dartifact=${artifact}`, `-DoutputDirectory=${dirname(jar)}`])
  }
}
if ([...jars.keys()].every((jar) => existsSync(jar))) console.log(`The HDFS and YARN of the tests are ${miniHdfsJar()}`)
