// What the JVM starts as `node dstream-driver.mjs job.mjs dstream-submission.json` where Spark has started that on a machine of the
// cluster. It is one file without imports of packages.
import { readFileSync } from 'node:fs'
import { DStreamError, hostJob } from 'dstream/cluster'
import { importJob } from './job/import-job.js'
import { introducedByParent } from './jvm/parent.js'
import { SparkCluster } from './runner/spark-cluster.js'
import { SparkFiles } from './runner/spark-files.js'
import { SparkJvm } from './jvm/spark-jvm.js'
import { submissionIn } from './submit/submission.js'

async function drive(file: string, submissionFile: string): Promise<void> {
  const parent = introducedByParent()
  const { job, args, env } = submissionIn(submissionFile)
  Object.assign(process.env, env)
  // Standalone Spark closes the pipes of what it prints when it tells the driver to end.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
  const asked = onFirstSignal()
  const attached = await SparkJvm.attach(parent, lost, () => asked.stop())
  const [jvm] = attached
  // The JVM is there for as long as this process is.
  const host = { start: () => Promise.resolve(attached), end: () => undefined }
  const bundle = { file, bytes: readFileSync(file) }
  const cluster = new SparkCluster({ host, bundle, job, args, env })
  const files = new SparkFiles(() => Promise.resolve(jvm))
  hostJob({
    program: job,
    cluster,
    objects: (uri) => files.objects(uri),
    folder: (uri) => files.folder(uri),
    mayMove: true,
  })
  await importJob(file, job, args)
}

/** Ends this process at once: its checkpoint may be away with the JVM, and Spark starts another driver, which goes on from there. */
function lost(reason: string): void {
  console.error(`dstream-spark: the driver ends, since ${reason}`)
  process.exit(1)
}

/**
 * Lets SIGTERM end this process for as long as the job does not take it. What it returns sends one, if none has come yet: a second one
 * would end the job at once, and some clusters signal this process as well as its JVM.
 */
function onFirstSignal(): { stop(): void } {
  let isAsked = false
  process.on('SIGTERM', () => {
    isAsked = true
    if (process.listenerCount('SIGTERM') === 1) process.exit(143)
  })
  return {
    stop() {
      if (!isAsked) process.kill(process.pid, 'SIGTERM')
    },
  }
}

try {
  await drive(process.argv[2]!, process.argv[3]!)
} catch (error) {
  process.exitCode = 1
  console.error(error instanceof DStreamError ? `dstream-spark: ${error.message}` : error)
}
