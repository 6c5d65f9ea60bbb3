import { readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeOwnFolder } from '../submit/own-folder.js'
import { SparkCluster, type SparkClusterOptions } from '../runner/spark-cluster.js'
import { StartedJvm, type StartedJvmOptions } from '../runner/started-jvm.js'

/** A job without functions. It says at once that it is ready. */
const JOB = `globalThis[Symbol.for('dstream.runtime-host')].host.workerEnd.post({ type: 'ready', functions: {} }, [])`

interface Probed {
  readonly node: string
  readonly host: string
  readonly pid: number
}

/** Starts Spark, lets a worker on each free core reply, and prints what is there. */
export async function doctor(
  options: Omit<StartedJvmOptions, 'bundle'> & Pick<SparkClusterOptions, 'env'>,
): Promise<void> {
  const { spark, java } = options
  const folder = makeOwnFolder(tmpdir())
  const file = join(folder, 'job.mjs')
  writeFileSync(file, JOB)
  console.log(
    `Spark ${spark.version} in ${spark.home}\nJava ${java.version} (${java.java})\nNode ${process.versions.node} (driver)`,
  )
  const bundle = { folder, file, bytes: readFileSync(file) }
  const host = new StartedJvm({ ...options, bundle })
  const cluster = new SparkCluster({ host, bundle, job: file, args: [], env: options.env })
  try {
    const where = await cluster.start({
      appName: 'dstream-spark doctor',
      master: undefined,
      functions: {},
      logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
      failed: ignore,
    })
    const workers = (await cluster.probe(Number(cluster.about['parallelism']))) as readonly Probed[]
    const begun = performance.now()
    await cluster.probe(1)
    const ms = (performance.now() - begun).toFixed(1)
    for (const worker of new Map(workers.map((probed) => [`${probed.host} ${probed.pid}`, probed])).values()) {
      console.log(`Node ${worker.node} (worker ${worker.pid} on ${worker.host})`)
    }
    console.log(`${where}: one stage there and back takes ${ms} ms. All is well.`)
  } finally {
    await cluster.end()
  }
}

function ignore(): void {
  return undefined
}
