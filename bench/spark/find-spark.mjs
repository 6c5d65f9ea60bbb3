// @ts-check
// Finds the Spark and the Java of `npm run bench:spark`, and compiles the program that uses them.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import * as places from '../../packages/dstream-spark/dist/find-spark.js'

export const { MissingPart, runCommand } = places

/**
 * @typedef {import('../../packages/dstream-spark/src/submit/find-spark.js').Spark} Spark
 * @typedef {import('../../packages/dstream-spark/src/submit/find-spark.js').Run} Run
 * @typedef {{ java: string, javac: string, version: string }} Java
 * @typedef {Readonly<Record<string, string | undefined>>} Environment
 */

/** The oldest Spark whose DStreams the program compiles against. */
const OLDEST_SPARK = 3
const GET_SPARK = 'pip install --target <folder> pyspark, then npm run bench:spark -- --spark <folder>'
const GET_JAVA = 'install a JDK 17 or later, such as openjdk-17-jdk-headless of Debian, or set JAVA_HOME'

/**
 * Looks for Spark as dstream-spark does.
 *
 * @param {{ named?: string | undefined, env?: Environment, run?: Run }} given
 * @returns {Spark}
 */
export const findSpark = (given) => places.findSpark({ ...given, by: '--spark', oldest: OLDEST_SPARK, get: GET_SPARK })

/**
 * Looks for `java` as dstream-spark does, and for `javac` beside it.
 *
 * @param {{ env?: Environment, run?: Run }} given
 * @returns {Java}
 */
export const findJava = ({ env, run = runCommand }) => {
  const { home, java, version } = places.findJava({ env, run, get: GET_JAVA })
  const javac = home === undefined ? 'javac' : join(home, 'bin', 'javac')
  const { status, text } = run(javac, ['-version'])
  if (status !== 0 || !/javac [\d._]+/.test(text)) {
    const where = home === undefined ? 'the PATH' : `JAVA_HOME (${home})`
    throw new MissingPart(`The Java ${version} on ${where} is a JRE without javac: ${GET_JAVA}`, home !== undefined)
  }
  return { java, javac, version }
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
