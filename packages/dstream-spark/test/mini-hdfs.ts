import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findJava, findSpark } from '../src/find-spark.js'
import { miniHdfsJar } from './spark-home.mjs'

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
export class MiniHdfs {
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
    const child = spawn(
      findJava({}).java,
      [
        '-XX:TieredStopAtLevel=1',
        '-XX:+UseSerialGC',
        '-cp',
        miniClassPath(),
        'org.apache.hadoop.test.MiniDFSClusterManager',
        ...(this.#port === 0 ? ['-format'] : []),
        ...['-datanodes', '1', '-nnport', String(this.#port), '-writeDetails', details],
        ...['-D', `hdfs.minidfs.basedir=${join(this.#folder, 'dfs')}`],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'], cwd: this.#folder },
    )
    this.#child = child
    let errors = ''
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
    let ended = false
    child.once('close', () => (ended = true))
    for (;;) {
      const text = existsSync(details) ? readFileSync(details, 'utf8') : ''
      if (text.endsWith('}')) {
        this.#port = (JSON.parse(text) as { readonly namenode_port: number }).namenode_port
        return
      }
      if (ended) throw new Error(`HDFS does not start:\n${errors}`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const closed = new Promise((resolve) => child.once('close', resolve))
    child.kill('SIGKILL')
    await closed
  }

  async end(): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
