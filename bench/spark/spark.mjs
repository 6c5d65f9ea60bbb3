// npm run bench:spark: Spark's own DStreams and this engine do the same work in turn, each in a process of its own.
// `npm run bench:spark -- feed empty` runs some of the comparisons, `--spark FOLDER` names the Spark, `--master local[4]` gives it
// more threads, `--json` prints for a machine. The environment variable ROUNDS sets how often each side runs.
import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { median, report } from '../measure.mjs'
import { comparisons, whatIsMissing } from './comparisons.mjs'
import { compiled, findJava, findSpark, MissingPart } from './find-spark.mjs'

/** A job that has no result by then waits for data that does not come. */
const LONGEST_RUN_MS = 600_000
const file = (name) => fileURLToPath(new URL(name, import.meta.url))
const rounds = Number(process.env.ROUNDS ?? 3)
const refuse = (message, code) => {
  console.error(message)
  process.exit(code)
}

const settings = () => {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { spark: { type: 'string' }, master: { type: 'string' }, json: { type: 'boolean' } },
    })
  } catch (error) {
    return refuse(error.message, 1)
  }
}
const tools = (named) => {
  try {
    return { spark: findSpark({ named }), java: findJava({}) }
  } catch (error) {
    if (error instanceof MissingPart) return refuse(error.message, error.wasNamed ? 1 : 0)
    throw error
  }
}

const { values, positionals } = settings()
const unknown = positionals.find((word) => !Object.hasOwn(comparisons, word))
if (unknown !== undefined) {
  refuse(`No comparison is called "${unknown}"; choose from ${Object.keys(comparisons).join(', ')}`, 1)
}
const { spark, java } = tools(values.spark)
const classPath = compiled({
  source: file('SparkJobs.java'),
  cache: file('../../node_modules/.cache/bench-spark'),
  spark,
  java,
})

// A receiver takes one thread of Spark for itself, so that with one there is none for the batches.
const master = values.master ?? `local[${Math.max(2, availableParallelism())}]`
const heapMiB = Math.min(6144, Math.round(totalmem() / 2 ** 20 / 3))

/** Spark's own list for Java 17 and later; its launcher would add them. */
const JAVA_FLAGS = [
  '-XX:+IgnoreUnrecognizedVMOptions',
  '--add-modules=jdk.incubator.vector',
  ...[
    ...[
      'lang',
      'lang.invoke',
      'lang.reflect',
      'io',
      'net',
      'nio',
      'util',
      'util.concurrent',
      'util.concurrent.atomic',
    ].map((name) => `java.base/java.${name}`),
    ...['jdk.internal.ref', 'sun.nio.ch', 'sun.nio.cs', 'sun.security.action', 'sun.util.calendar'].map(
      (name) => `java.base/${name}`,
    ),
    'java.security.jgss/sun.security.krb5',
  ].map((name) => `--add-opens=${name}=ALL-UNNAMED`),
  '-Dio.netty.tryReflectionSetAccessible=true',
  '--sun-misc-unsafe-memory-access=allow',
  '--enable-native-access=ALL-UNNAMED',
]

const programs = {
  spark: (job, directory) => {
    const flags = [...JAVA_FLAGS, `-Xmx${heapMiB}m`, `-Djava.io.tmpdir=${directory}`]
    return [java.java, [...flags, '-cp', classPath, 'SparkJobs', ...job, `master=${master}`, `directory=${directory}`]]
  },
  dstream: (job, directory) => [process.execPath, [file('dstream-jobs.mjs'), ...job, `directory=${directory}`]],
  // The same job, whose map sides go to executors.
  onSpark: (job, directory, jobMaster = master) => {
    const conf = [`spark.driver.memory=${heapMiB}m`, `spark.local.dir=${directory}`, 'spark.ui.enabled=false']
    const settings = conf.flatMap((setting) => ['--conf', setting])
    const cli = file('../../packages/dstream-spark/bin/dstream-spark.js')
    const run = ['run', file('dstream-jobs.mjs'), '--master', jobMaster, '--spark-home', spark.home, ...settings]
    const own = [`directory=${directory}`, `parts=${2 * availableParallelism()}`]
    return [process.execPath, [cli, ...run, '--', ...job, ...own]]
  },
}

// A process that is ended by a signal has no event of its exit, and would leave Spark behind.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

/** Starts the sender of a job's data. Returns it with the arguments that it means for the job. */
const started = async ([program, ...args]) => {
  const feeding = fork(file(`../${program}`), args.map(String))
  const [{ port }] = await once(feeding, 'message')
  return { feeding, given: { port } }
}

/** Runs a job beside a sender of its own, and returns the result that the job prints with that of the watch. */
const run = async ({ program, master: jobMaster, watch, ...job }, sender) => {
  const directory = mkdtempSync(join(tmpdir(), 'dstream-spark-'))
  const { feeding, given } = sender === undefined ? {} : await started(sender)
  const pairs = Object.entries({ ...job, ...given }).map(([name, value]) => `${name}=${value}`)
  const [command, args] = programs[program](pairs, directory, jobMaster)
  const working = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, SPARK_LOCAL_IP: '127.0.0.1' },
    timeout: LONGEST_RUN_MS,
    killSignal: 'SIGKILL',
  })
  const end = () => {
    working.kill('SIGKILL')
    feeding?.kill()
    // Java may still write while it dies.
    rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
  }
  process.once('exit', end)
  const watched = watch?.(working.pid)
  let result
  createInterface({ input: working.stdout }).on('line', (line) => {
    if (line.startsWith('{"begun"')) watched?.begun?.(JSON.parse(line).begun)
    if (line.startsWith('{"samples"')) result = JSON.parse(line)
  })
  const [log] = await Promise.all([text(working.stderr), once(working, 'close')])
  process.off('exit', end)
  end()
  if (result === undefined) throw new Error(`${program} has ended without a result of ${job.job}: ${log.slice(-4000)}`)
  return { ...result, ...watched?.result() }
}

const { version } = JSON.parse(readFileSync(file('../../packages/dstream/package.json'), 'utf8'))
const about = {
  spark: `Spark ${spark.version}, ${master}, Java ${java.version}, at most ${heapMiB} MiB of heap`,
  dstream: `dstream ${version}, one thread, Node ${process.versions.node}`,
  machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
  date: new Date().toISOString().slice(0, 10),
  rounds,
}
console.log(values.json ? JSON.stringify({ about }) : `${Object.values(about).slice(0, -1).join('\n')}\n`)

for (const name of positionals.length === 0 ? Object.keys(comparisons) : positionals) {
  const { title, sides, sender, isSameResult, measure, figures } = comparisons[name]
  if (whatIsMissing(name) !== undefined) {
    console.error(`${name} is left out: ${whatIsMissing(name)}`)
    continue
  }
  const measured = Object.fromEntries(Object.keys(sides).map((side) => [side, []]))
  for (let round = 0; round < rounds; round++) {
    const tops = new Set()
    for (const [side, job] of Object.entries(sides)) {
      const result = await run({ job: name, ...job }, sender)
      tops.add(result.top.join())
      measured[side].push(measure(result))
    }
    // A comparison that ends with a post, not with a time, has counted the same words on both sides.
    if (isSameResult && tops.size > 1) throw new Error(`${name}: the sides differ: ${[...tops].join(' | ')}`)
  }
  const of = (side, figure) => median(measured[side].map((values) => values[figure]))
  /** The median of the ratios of neighbours. */
  const ratio = (figure, side, base) =>
    median(measured[side].map((values, i) => values[figure] / measured[base][i][figure]))
  report(title, figures(of, ratio))
}
