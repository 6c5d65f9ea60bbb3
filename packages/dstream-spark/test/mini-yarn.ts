import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findSpark } from '../src/submit/find-spark.js'
import { endMini, startMini } from './mini-cluster.js'
import { miniClassPath } from './mini-hdfs.js'
import { QUICK_JVM } from './quick-jvm.mjs'
import { MINI_YARN, miniHdfsJar } from './spark-home.mjs'

const absent = [miniHdfsJar(), ...MINI_YARN.keys()].find((jar) => !existsSync(jar))
/** Why there is no YARN here; `undefined` where there is. */
export const missingYarn = absent && `${absent} is missing: run node tools/fetch-spark.mjs --hdfs`
if (missingYarn !== undefined && process.env['DSTREAM_CI'] !== undefined) throw new Error(missingYarn)
if (missingYarn !== undefined) console.warn(`The tests on YARN are skipped: ${missingYarn}`)

const MAIN = fileURLToPath(new URL('MiniYarn.java', import.meta.url))
const SETTINGS = [
  // The disk of a machine that runs tests may be rather full, and its containers are small JVMs on few cores.
  'yarn.nodemanager.disk-health-checker.enable=false',
  'yarn.nodemanager.resource.memory-mb=8192',
  'yarn.scheduler.minimum-allocation-mb=128',
  'yarn.scheduler.capacity.root.queues=default',
  'yarn.scheduler.capacity.root.default.capacity=100',
  'yarn.scheduler.capacity.maximum-am-resource-percent=0.5',
  'yarn.resourcemanager.nodemanagers.heartbeat-interval-ms=100',
]

/** A resource manager and a node manager of YARN on loopback. */
export class MiniYarn {
  readonly #folder = mkdtempSync(join(tmpdir(), 'dstream-yarn-'))
  #child: ChildProcess | undefined

  /** The folder of the settings by which a client finds it, for HADOOP_CONF_DIR. */
  get configuration(): string {
    return this.#folder
  }

  /** The settings of Spark for a cluster that has the Spark of this machine, and whose staging folder is a local one. */
  get settings(): readonly string[] {
    return [
      `spark.yarn.jars=local:${join(findSpark({}).home, 'jars')}/*`,
      `spark.yarn.stagingDir=file:${join(this.#folder, 'staging')}`,
      `spark.yarn.am.extraJavaOptions=${QUICK_JVM}`,
      'spark.executor.instances=2',
      'spark.executor.memory=512m',
      'spark.driver.host=127.0.0.1',
      'spark.yarn.appMasterEnv.SPARK_LOCAL_IP=127.0.0.1',
      'spark.executorEnv.SPARK_LOCAL_IP=127.0.0.1',
    ]
  }

  async start(): Promise<void> {
    mkdirSync(join(this.#folder, 'staging'))
    const classPath = [miniClassPath(), ...MINI_YARN.keys()].join(':')
    const args = ['-cp', classPath, MAIN, this.#folder, ...SETTINGS]
    const settings = join(this.#folder, 'yarn-site.xml')
    const { child, up } = startMini('YARN', this.#folder, args, () => existsSync(settings))
    this.#child = child
    await up
  }

  /** Returns what the containers of an application have printed, those of its first attempt before those of the second. */
  printedBy(application: string, stream: 'stdout' | 'stderr'): string {
    const folder = join(this.#folder, 'logs', application)
    const containers = existsSync(folder) ? readdirSync(folder).sort() : []
    const files = containers.map((container) => join(folder, container, stream))
    return files.map((file) => (existsSync(file) ? readFileSync(file, 'utf8') : '')).join('')
  }

  /** The process below which containers run. */
  get pid(): number {
    return this.#child!.pid!
  }

  async end(): Promise<void> {
    // It ends its containers when it is asked to.
    await endMini(this.#child, 'SIGTERM')
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
}
