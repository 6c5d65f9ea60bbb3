import { existsSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { resolve } from 'node:path'
import { DStreamError, hostJob, inspectPlace, isUri, NoDirectory } from 'dstream/cluster'
import { adopt, NotAdopted } from './command/adopt.js'
import { bundleJob, type Bundle } from './job/bundle.js'
import { doctor } from './command/doctor.js'
import { findJava, findSpark, MissingPart } from './submit/find-spark.js'
import { importJob } from './job/import-job.js'
import { Misused, optionsOf, variablesOf, type Options } from './command/options.js'
import { SparkCluster } from './runner/spark-cluster.js'
import { ownFilesJvm, SparkFiles } from './runner/spark-files.js'
import { StartedJvm, type StartedJvmOptions } from './runner/started-jvm.js'
import {
  aboutStaging,
  clusterFiles,
  clusterPlaceOf,
  isInImage,
  packInto,
  stagedAt,
  submitToCluster,
} from './command/submit-cluster.js'
import {
  clusterArguments,
  packageFiles,
  submitArguments,
  submitProgram,
  type ClusterFiles,
  type NamedPlace,
} from './submit/submit-command.js'

const USAGE = `Usage: dstream-spark <command> [options]

  run job.js [-- arguments]      runs a job here, and its stages on Spark
  submit job.js --master <url>   the same on a cluster: spark://host:7077, yarn, k8s://…
  command job.js                 prints the line of spark-submit and the files that it ships
  pack job.js <folder>           writes the files of --deploy-mode cluster to a folder, for an image of containers
  adopt <from> <to>              takes over a checkpoint: from a directory to a URI such as hdfs://name:8020/words, or back
  inspect <place>                prints what a checkpoint holds, in a directory or at a URI; a job that uses it goes on
  doctor                         checks Spark, Java and Node by one round trip

  --master <url>        the master; default DSTREAM_SPARK_MASTER, the option master of the job, local[*]
  --spark-home <folder> where Spark is; default SPARK_HOME, the pyspark that Python finds
  --node-archive <file> an archive with Node, such as node-v22.12.0-linux-x64.tar.gz: the cluster needs none of its own
  --conf <name=value>   a setting of Spark, such as spark.executor.memory=4g; as often as needed
  --env <NAME[=value]>  a variable of the environment that executors need; as often as needed
  --name <name>         the name in Spark's lists; default the appName of the job
  --deploy-mode <mode>  client: the driver runs here (default); cluster: Spark starts it on a machine of the cluster
  --staging <uri>       cluster: where all machines find the job's files, which standalone Spark needs: hdfs://name:8020/staging;
                        local:///opt/job for what "pack" has written and the image holds there
  --supervise           cluster: standalone Spark starts a driver again that has failed

Settings of the workers: spark.dstream.node (a path of Node on the cluster), spark.dstream.worker.timeout (default 10min),
spark.dstream.worker.memory (a limit of each worker, such as 1g). Those of a driver that Spark starts: spark.dstream.driver.memory,
spark.dstream.driver.stop.timeout (default 30s; the time of a job to stop when it is told to).
`

/** The start of Spark that a command line means. @throws {MissingPart} */
function toolsOf({ sparkHome }: Options): Pick<StartedJvmOptions, 'spark' | 'java'> {
  return { spark: findSpark({ named: sparkHome }), java: findJava({}) }
}

/** @throws {Misused} */
function placeOf(options: Options): NamedPlace {
  const { master = process.env['DSTREAM_SPARK_MASTER'], name, conf } = options
  const nodeArchive = options.nodeArchive === undefined ? undefined : resolve(options.nodeArchive)
  if (nodeArchive !== undefined && !existsSync(nodeArchive)) {
    throw new Misused(
      `--node-archive is ${nodeArchive}, which does not exist; give a .tar.gz, .tgz, .tar or .zip that holds Node`,
    )
  }
  return { master, name, conf, nodeArchive }
}

function jobOf({ job, command }: Options): string {
  if (job === undefined) throw new Misused(`${command} takes the file of a job`)
  const file = resolve(job)
  if (!existsSync(file)) throw new Misused(`${file} does not exist; give the file of a job`)
  return file
}

/** Runs a job in this process. The end of the process is the job's own. */
async function run(options: Options): Promise<void> {
  if (isForCluster(options))
    throw new Misused('--deploy-mode is "cluster", and run starts the driver here; give submit')
  const job = jobOf(options)
  const tools = toolsOf(options)
  const env = variablesOf(options.env, process.env)
  mustBePacked()
  const bundle = await bundleJob(job)
  const { args } = options
  const host = new StartedJvm({ ...tools, bundle, place: placeOf(options) })
  const cluster = new SparkCluster({ host, bundle, job, args, env })
  const files = new SparkFiles(ownFilesJvm({ ...tools, conf: options.conf }))
  endBySignals()
  hostJob({ program: job, cluster, objects: (uri) => files.objects(uri), folder: (uri) => files.folder(uri) })
  try {
    await importJob(bundle.file, job, args)
  } catch (error) {
    await Promise.all([cluster.end(), files.end()])
    throw error
  }
}

/** Lets a signal end this process, with what it has started and written, for as long as the job does not take it. */
function endBySignals(): void {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) process.exit(code)
    })
  }
}

async function submit(options: Options): Promise<void> {
  if (!isForCluster(options)) {
    if (options.master === undefined)
      throw new Misused('submit takes --master, such as spark://host:7077, yarn or k8s://…')
    return run(options)
  }
  const job = jobOf(options)
  const tools = toolsOf(options)
  const place = clusterPlaceOf(placeOf(options), options, job)
  if (isInImage(place) && (options.args.length > 0 || options.env.length > 0))
    throw new Misused('The image holds the arguments of the job and --env already; give them to dstream-spark pack')
  mustBePacked()
  process.exitCode = await withFiles(options, job, (files) => submitToCluster(tools, place, files))
}

/** Whether Spark starts the driver. @throws {Misused} */
function isForCluster({ deployMode, staging, supervise }: Options): boolean {
  if (deployMode !== 'client' && deployMode !== 'cluster')
    throw new Misused(`--deploy-mode is "${deployMode}"; give client or cluster`)
  if (deployMode === 'client' && (staging !== undefined || supervise))
    throw new Misused(`${staging === undefined ? '--supervise' : '--staging'} is for --deploy-mode cluster; give both`)
  return deployMode === 'cluster'
}

/** Calls a function with the files of a driver that Spark starts, which are removed afterwards. */
async function withFiles<T>(options: Options, job: string, f: (files: ClusterFiles) => T | Promise<T>): Promise<T> {
  const env = variablesOf(options.env, process.env)
  const bundle = await bundleJob(job)
  try {
    return await f(clusterFiles(bundle, { job, args: options.args, env }))
  } finally {
    rmSync(bundle.folder, { recursive: true })
  }
}

async function pack(options: Options): Promise<void> {
  const job = jobOf(options)
  const { target } = options
  if (target === undefined) throw new Misused('pack takes the file of a job and a folder')
  mustBePacked()
  const written = await withFiles(options, job, (files) => packInto(resolve(target), files))
  for (const file of written) console.log(file)
}

async function command(options: Options): Promise<void> {
  const job = jobOf(options)
  const { spark } = toolsOf(options)
  const print = (args: readonly string[]): void => console.log([submitProgram(spark), ...args].map(quoted).join(' '))
  if (isForCluster(options)) {
    const place = clusterPlaceOf(placeOf(options), options, job)
    return withFiles(options, job, (files) => {
      const staged = stagedAt(place, files)
      print(clusterArguments(staged.place, staged.files, place.supervise))
      for (const line of aboutStaging(place)) console.log(line)
    })
  }
  const bundle: Bundle = await bundleJob(job)
  const { master = 'local[*]', name = 'dstream', ...place } = placeOf(options)
  const shipped = { ...packageFiles(), job: bundle.file }
  print([...submitArguments({ ...place, master, name }, shipped, tmpdir()), '<port of the driver>'])
  rmSync(bundle.folder, { recursive: true })
  console.log(`\nThe job with its imports: ${bundle.bytes.length} bytes of JavaScript, made of ${job} at each start`)
  console.log(`The worker: ${shipped.worker}\nThe JVM part: ${shipped.jar}`)
  console.log('dstream-spark run starts this line as its child, with DSTREAM_SPARK_SECRET in the environment.')
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

async function adoptCheckpoint(options: Options): Promise<void> {
  const { job: from, target: to } = options
  if (from === undefined || to === undefined) throw new Misused('adopt takes two places, a directory and a URI, say')
  await printWithFiles(options, () => adopt(from, to))
}

/** Prints the contents of a checkpoint. A directory is read without Spark. */
async function inspect(options: Options): Promise<void> {
  const { job: place } = options
  if (place === undefined) throw new Misused('inspect takes one place, a directory or a URI')
  if (isUri(place)) await printWithFiles(options, () => inspectPlace(place))
  else console.log((await inspectPlace(place)).join('\n'))
}

/** Prints the lines that a function makes with the file systems of Spark. */
async function printWithFiles(options: Options, linesOf: () => Promise<readonly string[]>): Promise<void> {
  const tools = toolsOf(options)
  mustBePacked()
  const files = new SparkFiles(ownFilesJvm({ ...tools, conf: options.conf }))
  hostJob({ objects: (uri) => files.objects(uri), folder: (uri) => files.folder(uri) })
  try {
    console.log((await linesOf()).join('\n'))
  } finally {
    await files.end()
  }
}

function mustBePacked(): void {
  const { jar } = packageFiles()
  if (existsSync(jar)) return
  throw new MissingPart(
    `${jar} is missing: run "npm run jar --workspace dstream-spark", which needs Maven and a JDK 17`,
  )
}

const commands: Readonly<Record<string, (options: Options) => Promise<void>>> = {
  run,
  submit,
  command,
  pack,
  adopt: adoptCheckpoint,
  inspect,
  doctor: async (options) => {
    mustBePacked()
    await doctor({ ...toolsOf(options), place: placeOf(options), env: variablesOf(options.env, process.env) })
  },
}

async function main(args: readonly string[]): Promise<void> {
  try {
    const options = optionsOf(args)
    const f = Object.hasOwn(commands, options.command) ? commands[options.command] : undefined
    if (options.help || options.command === '') {
      process.stdout.write(USAGE)
      if (!options.help) process.exitCode = 2
      return
    }
    if (f === undefined) throw new Misused(`"${options.command}" is no command of dstream-spark`)
    await f(options)
  } catch (error) {
    // The errors of the library have a code, and words for users.
    const isKnown = [Misused, MissingPart, NotAdopted, NoDirectory, DStreamError].some((kind) => error instanceof kind)
    process.exitCode = error instanceof Misused ? 2 : 1
    console.error(isKnown ? `dstream-spark: ${(error as Error).message}` : error)
  }
}

await main(process.argv.slice(2))
