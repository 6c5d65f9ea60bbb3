// @ts-check
// Brings the Spark of the tests, once: pip's pyspark, in a cache outside the tree. It needs Python with pip.
// --hdfs: also Hadoop's cluster of tests, for the tests of a checkpoint on HDFS. That needs Maven.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { MINI_HDFS, miniHdfsJar, PYSPARK, sparkHome } from '../packages/dstream-spark/test/spark-home.mjs'

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

const jar = miniHdfsJar()
if (process.argv.includes('--hdfs') && !existsSync(jar)) {
  console.log(`Fetching the HDFS of the tests to ${jar}`)
  const copy = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy'
  run('mvn', ['-q', '-B', copy, `-Dartifact=${MINI_HDFS}`, `-DoutputDirectory=${dirname(jar)}`])
}
if (existsSync(jar)) console.log(`The HDFS of the tests is ${jar}`)
