import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Java, Spark } from './find-spark.js'
import type { JvmStart } from '../jvm/jvm-process.js'

/** What a user says about the place where a job runs. */
export interface Place {
  readonly master: string
  readonly name: string
  /** Settings of Spark, `name=value`. */
  readonly conf: readonly string[]
  /** An archive that holds Node, which executors unpack. */
  readonly nodeArchive?: string | undefined
}

/** A place as a command line names it. */
export type NamedPlace = Omit<Place, 'master' | 'name'> & {
  readonly master: string | undefined
  readonly name: string | undefined
}

/** The files that spark-submit ships or starts. */
export interface Shipped {
  readonly job: string
  readonly worker: string
  readonly jar: string
  readonly logging: string
}

/** Returns the files of this package that are part of each submission. */
export function packageFiles(): Omit<Shipped, 'job'> & { readonly driver: string } {
  const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
  return {
    worker: here('./dstream-worker.mjs'),
    driver: here('./dstream-driver.mjs'),
    jar: here('./dstream-spark.jar'),
    logging: here('./log4j2.properties'),
  }
}

/** The attempts of a task where the master has none of its own: `local[2]` would fail with the first worker that dies. */
const ATTEMPTS = 4

/** Returns a master under which a task that fails is tried again. */
export function masterWithRetries(master: string): string {
  const local = /^local(?:\[([^,\]]+)\])?$/.exec(master)
  return local === null ? master : `local[${local[1] ?? '1'},${ATTEMPTS}]`
}

const SETTINGS = [
  // A job has a page of its own, whose port is that of Spark's.
  'spark.ui.port=4140',
  'spark.ui.showConsoleProgress=false',
  // Executors that are lost must not make later batches wait.
  'spark.locality.wait=0',
]

/**
 * Returns the arguments of spark-submit, without the port of the driver, which is the last one.
 *
 * @param scratch the folder for the temporary files of the JVM, which leaves them behind when it is killed
 */
export function submitArguments(place: Place, shipped: Shipped, scratch: string): string[] {
  const isLocal = place.master.startsWith('local')
  const own = [...SETTINGS, ...(isLocal ? ['spark.driver.host=127.0.0.1', 'spark.driver.bindAddress=127.0.0.1'] : [])]
  return [
    ...['--class', 'dstream.spark.Main', '--master', masterWithRetries(place.master), '--name', place.name],
    ...['--files', [shipped.job, shipped.worker].join(',')],
    ...archiveArguments(place),
    ...[
      '--driver-java-options',
      javaOptions({ 'log4j2.configurationFile': shipped.logging, 'java.io.tmpdir': scratch }),
    ],
    ...[...own, ...place.conf].flatMap((setting) => ['--conf', setting]),
    shipped.jar,
  ]
}

/** What a driver that Spark starts is made of, as paths or URIs. */
export interface ClusterFiles extends Omit<Shipped, 'logging'> {
  readonly driver: string
  readonly submission: string
}

/** Returns the arguments of spark-submit with which Spark starts the driver. @param supervise whether again where it fails */
export function clusterArguments(place: Place, files: ClusterFiles, supervise: boolean): string[] {
  return [
    ...['--class', 'dstream.spark.ClusterMain', '--master', place.master, '--deploy-mode', 'cluster'],
    ...['--name', place.name, ...(supervise ? ['--supervise'] : [])],
    ...['--files', [files.job, files.worker, files.driver, files.submission].join(',')],
    ...archiveArguments(place),
    ...[...SETTINGS, ...place.conf].flatMap((setting) => ['--conf', setting]),
    files.jar,
  ]
}

/** The folder in which executors find what the archive of Node holds. */
const NODE_FOLDER = 'dstream-node'

/** Returns what ships the archive of Node. The option of spark-submit hides the setting of the same meaning, and so has both. */
function archiveArguments({ nodeArchive, conf }: Place): string[] {
  if (nodeArchive === undefined) return []
  const setting = 'spark.archives='
  const others = conf.filter((entry) => entry.startsWith(setting)).map((entry) => entry.slice(setting.length))
  const archives = [...others.slice(-1), `${nodeArchive}#${NODE_FOLDER}`].join(',')
  return ['--archives', archives, '--conf', `spark.dstream.node.folder=${NODE_FOLDER}`]
}

/** Returns properties as the text that Spark cuts at spaces outside of quotes. */
function javaOptions(properties: Readonly<Record<string, string>>): string {
  return Object.entries(properties)
    .map(([name, value]) => `"-D${name}=${value.replace(/["\\]/g, '\\$&')}"`)
    .join(' ')
}

/** Returns the arguments of spark-submit for the JVM that has only file systems, without the port of the driver. */
export function filesArguments(conf: readonly string[], { jar, logging }: Pick<Shipped, 'jar' | 'logging'>): string[] {
  return [
    ...['--class', 'dstream.spark.FilesMain', '--master', 'local[1]', '--name', 'dstream files'],
    ...['--driver-java-options', javaOptions({ 'log4j2.configurationFile': logging })],
    ...conf.flatMap((setting) => ['--conf', setting]),
    jar,
  ]
}

/** Returns the path of spark-submit. */
export function submitProgram(spark: Spark): string {
  return join(spark.home, 'bin', 'spark-submit')
}

/** Returns how spark-submit is started with these arguments. @param env variables beside those of this process */
export function submitted(
  { spark, java }: { readonly spark: Spark; readonly java: Java },
  args: readonly string[],
  env: JvmStart['env'],
): JvmStart {
  const home = java.home === undefined ? {} : { JAVA_HOME: java.home }
  return { program: submitProgram(spark), args, env: { ...process.env, SPARK_HOME: spark.home, ...home, ...env } }
}

/** Returns the names under which executors find the shipped files. */
export function shippedNames({ job, worker }: Shipped): Readonly<Record<'job' | 'worker', string>> {
  return { job: basename(job), worker: basename(worker) }
}
