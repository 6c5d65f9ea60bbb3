// @ts-check
// Brings the Spark of the tests, once: pip's pyspark, in a cache outside the tree. It needs Python with pip.
// --hdfs: also Hadoop's cluster of tests, for the tests on HDFS and YARN. That needs Maven.
// --s3a: also Hadoop's S3A and a server of S3, for the tests on S3. That needs Maven too.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import {
  MINI_HDFS,
  MINI_YARN,
  miniHdfsJar,
  NOT_OF_S3A,
  PYSPARK,
  S3A,
  S3_SERVER,
  s3aFolder,
  s3ServerFolder,
  sparkHome,
} from '../packages/dstream-spark/test/spark-home.mjs'

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

/**
 * Fills a folder, once.
 * @param {string} what
 * @param {string} folder
 * @param {() => void} fill
 */
const fetchOnce = (what, folder, fill) => {
  const complete = join(folder, 'complete')
  if (!existsSync(complete)) {
    console.log(`Fetching ${what} to ${folder}`)
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    fill()
    writeFileSync(complete, '')
  }
  console.log(`${what} is in ${folder}`)
}

/**
 * Installs packages of Python.
 * @param {string} folder
 * @param {readonly string[]} packages
 */
const install = (folder, packages) =>
  run('python3', ['-m', 'pip', 'install', '--quiet', '--no-compile', '--target', folder, ...packages])

const MAVEN_DEPENDENCIES = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1'

const home = sparkHome()
fetchOnce('The Spark of the tests', home, () => install(home, [PYSPARK]))

const jars = new Map([[miniHdfsJar(), MINI_HDFS], ...MINI_YARN])
for (const [jar, artifact] of jars) {
  if (process.argv.includes('--hdfs') && !existsSync(jar)) {
    console.log(`Fetching ${artifact} to ${jar}`)
    run('mvn', [
      '-q',
      '-B',
      `${MAVEN_DEPENDENCIES}:copy`,
      `-Dartifact=${artifact}`,
      `-DoutputDirectory=${dirname(jar)}`,
    ])
  }
}
if ([...jars.keys()].every((jar) => existsSync(jar))) console.log(`The HDFS and YARN of the tests are ${miniHdfsJar()}`)

/**
 * Returns Maven's element of an artifact.
 * @param {string} kind
 * @param {string} name
 * @param {string} more
 */
const element = (kind, name, more = '') => {
  const [group, artifact, version] = name.split(':')
  const versioned = version === undefined ? '' : `<version>${version}</version>`
  return `<${kind}><groupId>${group}</groupId><artifactId>${artifact}</artifactId>${versioned}${more}</${kind}>`
}

if (process.argv.includes('--s3a')) {
  const folder = s3aFolder()
  fetchOnce("Hadoop's S3A", folder, () => {
    const left = NOT_OF_S3A.map((name) => element('exclusion', name)).join('')
    const needed = S3A.map((name) => element('dependency', name, `<exclusions>${left}</exclusions>`)).join('')
    const project = join(folder, 'pom.xml')
    writeFileSync(
      project,
      `<project><modelVersion>4.0.0</modelVersion><groupId>dstream</groupId><artifactId>s3a</artifactId><version>1</version><dependencies>${needed}</dependencies></project>`,
    )
    run('mvn', ['-q', '-B', '-f', project, `${MAVEN_DEPENDENCIES}:copy-dependencies`, `-DoutputDirectory=${folder}`])
  })
  const server = s3ServerFolder()
  fetchOnce('The server of S3', server, () => install(server, S3_SERVER))
}
