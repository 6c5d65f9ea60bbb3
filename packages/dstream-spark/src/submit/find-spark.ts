import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** The folder of a Spark that holds `bin` and `jars`. */
export interface Spark {
  readonly home: string
  readonly jars: string
  readonly version: string
}

export interface Java {
  /** The folder that holds `bin/java`; `undefined` for the `java` of the PATH. */
  readonly home: string | undefined
  readonly java: string
  readonly version: string
}

export type Environment = Readonly<Record<string, string | undefined>>
export type Run = (
  command: string,
  args: readonly string[],
) => { readonly status: number | null; readonly text: string }

/** The oldest major versions that work together. */
const OLDEST_SPARK = 4
const OLDEST_JAVA = 17
const GET_SPARK = 'pip install pyspark, set SPARK_HOME, or give its folder by --spark-home'
const GET_JAVA = 'install Java 17 or later, such as openjdk-17-jre-headless of Debian, or set JAVA_HOME'

/** A part of a cluster that is not on this machine. The message says which one in one line, and how to get it. */
export class MissingPart extends Error {
  /** @param wasNamed whether the user has named a place that does not have it */
  constructor(
    message: string,
    readonly wasNamed = false,
  ) {
    super(message)
  }
}

/** Runs a command to its end, and returns all that it has printed. */
export function runCommand(command: string, args: readonly string[]): ReturnType<Run> {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  return { status, text: `${stdout ?? ''}${stderr ?? ''}` }
}

interface SparkPlaces {
  /** The folder that the user has named, and the option that has named it. */
  readonly named?: string | undefined
  readonly by?: string
  readonly env?: Environment | undefined
  readonly run?: Run | undefined
  /** The oldest major version. */
  readonly oldest?: number
  /** How to get a Spark, for errors. */
  readonly get?: string
}

/**
 * Looks for Spark: in the named folder, else in that of SPARK_HOME, else where Python finds pyspark.
 *
 * @throws {MissingPart} where none is, or one that is too old
 */
export function findSpark({
  named,
  by = '--spark-home',
  env = process.env,
  run = runCommand,
  oldest = OLDEST_SPARK,
  get = GET_SPARK,
}: SparkPlaces): Spark {
  const newEnough = (spark: Spark, wasNamed: boolean): Spark => {
    if (Number.parseInt(spark.version) >= oldest) return spark
    const needed = `and at least Spark ${oldest} is needed`
    throw new MissingPart(`The Spark in ${spark.home} is ${spark.version}, ${needed}: ${get}`, wasNamed)
  }
  for (const [option, folder] of [
    [by, named],
    ['SPARK_HOME', env['SPARK_HOME']],
  ] as const) {
    if (folder === undefined || folder === '') continue
    const spark = sparkIn(folder)
    if (spark !== undefined) return newEnough(spark, true)
    const expected = 'a folder with jars/spark-core_*.jar, or one that pip has installed pyspark to'
    throw new MissingPart(`${option} is ${JSON.stringify(folder)}, where no Spark is; give ${expected}`, true)
  }
  const imported = importedPySpark(run)
  const spark = imported === undefined ? undefined : sparkIn(imported)
  if (spark === undefined) throw new MissingPart(`Spark is missing: ${get}`)
  return newEnough(spark, false)
}

function sparkIn(folder: string): Spark | undefined {
  for (const home of [folder, join(folder, 'pyspark')]) {
    const jars = join(home, 'jars')
    const names = existsSync(jars) ? readdirSync(jars) : []
    for (const name of names) {
      const [, version] = /^spark-core_[\d.]+-(.+)\.jar$/.exec(name) ?? []
      if (version !== undefined) return { home, jars, version }
    }
  }
  return undefined
}

function importedPySpark(run: Run): string | undefined {
  // Importing it would take a second, and needs its own packages.
  const program = 'import importlib.util as u; print(u.find_spec("pyspark").submodule_search_locations[0])'
  for (const python of ['python3', 'python']) {
    const { status, text } = run(python, ['-c', program])
    if (status === 0) return text.trim()
  }
  return undefined
}

interface JavaPlaces {
  readonly env?: Environment | undefined
  readonly run?: Run | undefined
  /** How to get a Java, for errors. */
  readonly get?: string
}

/**
 * Looks for `java`: in JAVA_HOME, else on the PATH.
 *
 * @throws {MissingPart} where none is, or one that is too old
 */
export function findJava({ env = process.env, run = runCommand, get = GET_JAVA }: JavaPlaces): Java {
  const home = env['JAVA_HOME'] === '' ? undefined : env['JAVA_HOME']
  const java = home === undefined ? 'java' : join(home, 'bin', 'java')
  const where = home === undefined ? 'the PATH' : `JAVA_HOME (${home})`
  const { status, text } = run(java, ['-version'])
  const version = status === 0 ? /version "([\d._]+)/.exec(text)?.[1] : undefined
  const wasNamed = home !== undefined
  if (version === undefined) throw new MissingPart(`Java is missing on ${where}: ${get}`, wasNamed)
  if (Number.parseInt(version) < OLDEST_JAVA) {
    throw new MissingPart(`The Java on ${where} is ${version}, which is too old: ${get}`, wasNamed)
  }
  return { home, java, version }
}
