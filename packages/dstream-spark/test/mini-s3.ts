import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Store } from './stores.js'
import { s3aFolder, s3ServerFolder } from './spark-home.mjs'

const folders = [s3aFolder(), s3ServerFolder()]
const absent = folders.find((folder) => !existsSync(join(folder, 'complete')))
/** Why there is no S3 here; `undefined` where there is. */
export const missingS3 = absent === undefined ? undefined : `${absent} is missing: run node tools/fetch-spark.mjs --s3a`
if (missingS3 !== undefined && process.env['DSTREAM_CI'] !== undefined) throw new Error(missingS3)
if (missingS3 !== undefined) console.warn(`The tests on S3 are skipped: ${missingS3}`)

const PROGRAM = fileURLToPath(new URL('mini_s3.py', import.meta.url))
const BUCKET = 'bucket'
/** The bucket of a server that does not know conditional writes. */
const OLD_BUCKET = 'old'
/** The bucket for which Hadoop is told not to use them. */
const PLAIN_BUCKET = 'plain'

/** A server of S3 on loopback, and the settings of Hadoop's S3A for it. Its objects are in memory. */
export class MiniS3 implements Store {
  readonly uri = `s3a://${BUCKET}`
  readonly oldUri = `s3a://${OLD_BUCKET}`
  readonly plainUri = `s3a://${PLAIN_BUCKET}`
  #child: ChildProcessByStdio<Writable, Readable, null> | undefined
  #lines: AsyncIterator<string> | undefined
  #port = 0

  get conf(): readonly string[] {
    const ofS3a = {
      endpoint: `http://127.0.0.1:${this.#port}`,
      'endpoint.region': 'us-east-1',
      'path.style.access': 'true',
      'access.key': 'key',
      'secret.key': 'secret',
      // A large object comes in parts, which are joined on the condition.
      'multipart.size': '5M',
      // A server that is away is given up sooner than after the many tries of the default.
      'attempts.maximum': '1',
      'retry.limit': '1',
      'retry.interval': '100ms',
      [`bucket.${PLAIN_BUCKET}.create.conditional.enabled`]: 'false',
    }
    const jars = join(s3aFolder(), '*')
    return [
      ...['driver', 'executor'].map((whose) => `spark.${whose}.extraClassPath=${jars}`),
      ...Object.entries(ofS3a).map(([name, value]) => `spark.hadoop.fs.s3a.${name}=${value}`),
    ]
  }

  async start(): Promise<void> {
    if (this.#child !== undefined) return this.#say('back')
    this.#child = spawn('python3', [PROGRAM], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, PYTHONPATH: s3ServerFolder() },
    })
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
    this.#port = Number(await this.#line())
    for (const bucket of [BUCKET, OLD_BUCKET, PLAIN_BUCKET]) {
      const { ok, status } = await fetch(`http://127.0.0.1:${this.#port}/${bucket}`, { method: 'PUT' })
      if (!ok) throw new Error(`The server of S3 does not make the bucket ${bucket}: ${status}`)
    }
  }

  /** Closes its port, and keeps what it has. */
  kill(): Promise<void> {
    return this.#say('away')
  }

  async end(): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    const closed = new Promise((resolve) => child.once('close', resolve))
    child.stdin.end()
    await closed
  }

  async #say(word: string): Promise<void> {
    this.#child!.stdin.write(`${word}\n`)
    const answer = await this.#line()
    if (answer !== word) throw new Error(`The server of S3 answers ${answer} to ${word}`)
  }

  async #line(): Promise<string> {
    const { value, done } = await this.#lines!.next()
    if (done === true) throw new Error('The server of S3 has ended')
    return value
  }
}
