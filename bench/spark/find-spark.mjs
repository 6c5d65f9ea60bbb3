// @ts-check
// Finds the Spark and the Java of `npm run bench:spark`, and compiles the program that uses them.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * @typedef {{ jars: string, version: string }} Spark
 * @typedef {{ java: string, javac: string, version: string }} Java
 * @typedef {Readonly<Record<string, string | undefined>>} Environment
 * @typedef {(command: string, args: string[]) => { status: number | null, text: string }} Run
 */

/** The oldest Java on which Spark 4 runs. */
const OLDEST_JAVA = 17
const GET_SPARK = 'pip install --target <folder> pyspark, then npm run bench:spark -- --spark <folder>'
const GET_JAVA = 'install a JDK 17 or later, such as openjdk-17-jdk-headless of Debian, or set JAVA_HOME'

/** A part of the comparison that is not there. The message says which one in one line, and how to get it. */
export class MissingPart extends Error {
  /**
   * @param {string} message
   * @param {boolean} wasNamed whether the user has named a place that does not have it
   */
  constructor(message, wasNamed = false) {
    super(message)
    this.wasNamed = wasNamed
  }
}

/** @type {Run} */
export const runCommand = (command, args) => {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  return { status, text: `${stdout ?? ''}${stderr ?? ''}` }
}

/**
 * Looks for the jars of Spark: in the folder of `--spark`, else in that of SPARK_HOME, else where Python finds pyspark.
 *
 * @param {{ named?: string | undefined, env?: Environment, run?: Run }} places
 * @returns {Spark}
 * @throws {MissingPart}
 */
export const findSpark = ({ named, env = process.env, run = runCommand }) => {
  const places = /** @type {const} */ ([
    ['--spark', named],
    ['SPARK_HOME', env['SPARK_HOME']],
  ])
  for (const [by, folder] of places) {
    if (folder === undefined || folder === '') continue
    const spark = sparkIn(folder)
    if (spark !== undefined) return spark
    const expected = 'a folder with jars/spark-streaming_*.jar, or one that pip has installed pyspark to'
    throw new MissingPart(`${by} is ${JSON.stringify(folder)}, where no Spark is; give ${expected}`, true)
  }
  const imported = importedPySpark(run)
  const spark = imported === undefined ? undefined : sparkIn(imported)
  if (spark === undefined) throw new MissingPart(`Spark is missing: ${GET_SPARK}`)
  return spark
}

/** @param {string} folder */
const sparkIn = (folder) => {
  for (const jars of [join(folder, 'jars'), join(folder, 'pyspark', 'jars')]) {
    const names = existsSync(jars) ? readdirSync(jars) : []
    const [, version] = names.map((name) => /^spark-streaming_[\d.]+-(.+)\.jar$/.exec(name)).find(Boolean) ?? []
    if (version !== undefined) return { jars, version }
  }
  return undefined
}

/** @param {Run} run */
const importedPySpark = (run) => {
  // Importing it would take a second, and needs its own packages.
  const program = 'import importlib.util as u; print(u.find_spec("pyspark").submodule_search_locations[0])'
  for (const python of ['python3', 'python']) {
    const { status, text } = run(python, ['-c', program])
    if (status === 0) return text.trim()
  }
  return undefined
}

/**
 * Looks for `java` and `javac`: in JAVA_HOME, else on the PATH.
 *
 * @param {{ env?: Environment, run?: Run }} places
 * @returns {Java}
 * @throws {MissingPart}
 */
export const findJava = ({ env = process.env, run = runCommand }) => {
  const home = env['JAVA_HOME']
  const [java, javac] = home ? [join(home, 'bin', 'java'), join(home, 'bin', 'javac')] : ['java', 'javac']
  const where = home ? `JAVA_HOME (${home})` : 'the PATH'
  const version = versionOf(run, java, /version "([\d._]+)/)
  if (version === undefined) throw new MissingPart(`Java is missing on ${where}: ${GET_JAVA}`, Boolean(home))
  if (Number.parseInt(version) < OLDEST_JAVA) {
    throw new MissingPart(`The Java on ${where} is ${version}, which is too old: ${GET_JAVA}`, Boolean(home))
  }
  if (versionOf(run, javac, /javac ([\d._]+)/) === undefined) {
    throw new MissingPart(`The Java ${version} on ${where} is a JRE without javac: ${GET_JAVA}`, Boolean(home))
  }
  return { java, javac, version }
}

/** @param {Run} run @param {string} command @param {RegExp} pattern */
const versionOf = (run, command, pattern) => {
  const { status, text } = run(command, ['-version'])
  return status === 0 ? pattern.exec(text)?.[1] : undefined
}

/**
 * Compiles a program against the jars of Spark, unless the cache has its classes. Returns the class path.
 *
 * @param {{ source: string, cache: string, spark: Spark, java: Java }} options
 */
export const compiled = ({ source, cache, spark, java }) => {
  const key = [readFileSync(source), spark.version, java.version].reduce(
    (hash, part) => hash.update(part).update('\0'),
    createHash('sha256'),
  )
  const classes = join(cache, key.digest('hex').slice(0, 16))
  const jars = join(spark.jars, '*')
  if (!existsSync(classes)) {
    const unfinished = `${classes}.${process.pid}`
    mkdirSync(unfinished, { recursive: true })
    const { status, text } = runCommand(java.javac, ['-nowarn', '-d', unfinished, '-cp', jars, source])
    if (status !== 0) {
      rmSync(unfinished, { recursive: true })
      throw new Error(`javac could not compile ${source} against Spark ${spark.version}: ${text}`)
    }
    renameSync(unfinished, classes)
  }
  return [classes, jars].join(delimiter)
}
