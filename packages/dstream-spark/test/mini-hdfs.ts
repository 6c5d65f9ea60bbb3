import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findSpark } from '../src/submit/find-spark.js'
import { endMini, startMini } from './mini-cluster.js'
import { miniHdfsJar } from './spark-home.mjs'
import type { Store } from './stores.js'

/** Why there is no HDFS here; `undefined` where there is. */
export const missingHdfs = existsSync(miniHdfsJar())
  ? undefined
  : `${miniHdfsJar()} is missing: run node tools/fetch-spark.mjs --hdfs`
if (missingHdfs !== undefined && process.env['DSTREAM_CI'] !== undefined) throw new Error(missingHdfs)
if (missingHdfs !== undefined) console.warn(`The tests on HDFS are skipped: ${missingHdfs}`)

/** Returns the class path of Hadoop's cluster of tests. */
export function miniClassPath(): string {
  const jars = join(findSpark({}).home, 'jars')
  const needed = readdirSync(jars).filter((name) => /^(hadoop-client|slf4j-api|log4j|commons|jcl|jul)-/.test(name))
  return [miniHdfsJar(), ...needed.map((name) => join(jars, name))].join(':')
}

/** A name node and a data node on loopback, by Hadoop's own cluster of tests. */
export class MiniHdfs implements Store {
  // A name node that is away is given up sooner than the ten seconds of the default.
  readonly conf = ['spark.hadoop.ipc.client.connect.max.retries=2']
  readonly #folder = mkdtempSync(join(tmpdir(), 'dstream-hdfs-'))
  #child: ChildProcess | undefined
  #port = 0

  get uri(): string {
    return `hdfs://127.0.0.1:${this.#port}`
  }

  /** Starts it, with the files that an earlier start has left, at the same port. */
  async start(): Promise<void> {
    const details = join(this.#folder, 'details.json')
    rmSync(details, { force: true })
    const text = (): string => (existsSync(details) ? readFileSync(details, 'utf8') : '')
    const args = [
      ...['-cp', miniClassPath(), 'org.apache.hadoop.test.MiniDFSClusterManager'],
      ...(this.#port === 0 ? ['-format'] : []),
      ...['-datanodes', '1', '-nnport', String(this.#port), '-writeDetails', details],
      ...['-D', `hdfs.minidfs.basedir=${join(this.#folder, 'dfs')}`],
    ]
    const { child, up } = startMini('HDFS', this.#folder, args, () => text().endsWith('}'))
    this.#child = child
    await up
    this.#port = (JSON.parse(text()) as { readonly namenode_port: number }).namenode_port
  }

  kill(): Promise<void> {
    return endMini(this.#child, 'SIGKILL')
  }

  async end(): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
