import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, chownSync, existsSync, readdirSync, writeFileSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { freePort } from './free-port.js'

/** The folders in which Debian and Ubuntu install the servers of each version, without putting them on the PATH. */
const VERSIONS = '/usr/lib/postgresql'

/** Returns the folder of the newest PostgreSQL; `''` for the PATH, and `undefined` for none. */
function binaries(): string | undefined {
  const numbers = existsSync(VERSIONS) ? readdirSync(VERSIONS).map(Number).filter(Number.isInteger) : []
  const folders = numbers.sort((a, b) => b - a).map((number) => join(VERSIONS, String(number), 'bin'))
  const found = folders.find((folder) => existsSync(join(folder, 'initdb')))
  if (found !== undefined) return found
  return spawnSync('initdb', ['--version']).status === 0 ? '' : undefined
}

/** Looks for PostgreSQL. In CI (`DSTREAM_CI`) the answer is yes, so that its tests fail when it is missing. */
export function hasPostgres(): boolean {
  if (binaries() !== undefined || process.env['DSTREAM_CI']) return true
  console.warn('No PostgreSQL found: its tests are left out. apt-get install postgresql')
  return false
}

/** PostgreSQL refuses to run as root, so that a test run of root starts it as the user `postgres`, or `nobody`. */
function otherUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const idOf = (user: string, flag: string) => spawnSync('id', [flag, user], { encoding: 'utf8' })
  const user = ['postgres', 'nobody'].find((name) => idOf(name, '-u').status === 0)
  if (user === undefined) throw new Error('PostgreSQL does not run as root, and there is no user postgres or nobody')
  return { uid: Number(idOf(user, '-u').stdout), gid: Number(idOf(user, '-g').stdout) }
}

/** A real PostgreSQL for tests: a cluster of its own with a port of loopback. Confirmed commits survive a kill. */
export class PostgresServer {
  #process: ChildProcess | undefined

  private constructor(
    readonly port: number,
    readonly directory: string,
  ) {}

  static async start(): Promise<PostgresServer> {
    const directory = await mkdtemp(join(tmpdir(), 'dstream-postgres-'))
    const server = new PostgresServer(await freePort(), directory)
    const user = otherUser()
    if (user !== undefined) chownSync(directory, user.uid, user.gid)
    await chmod(directory, 0o700)
    // The name of the superuser is ours; a collation that every machine has keeps the order of texts the same.
    const { status, stderr } = spawnSync(
      join(binaries() ?? '', 'initdb'),
      ['--pgdata', join(directory, 'data'), '--username', 'dstream', '--auth', 'trust', '--no-sync', '--encoding', 'UTF8', '--locale', 'C'], // prettier-ignore
      { encoding: 'utf8', cwd: directory, ...user },
    )
    if (status !== 0) throw new Error(`initdb ended with ${status}: ${stderr}`)
    appendFileSync(
      join(directory, 'data', 'postgresql.conf'),
      `listen_addresses = '127.0.0.1'\nport = ${server.port}\nunix_socket_directories = ''\nlogging_collector = off\n` +
        `shared_buffers = 32MB\nmax_connections = 40\ndynamic_shared_memory_type = mmap\n`,
    )
    // `locked` is a user that needs a password.
    writeFileSync(
      join(directory, 'data', 'pg_hba.conf'),
      'host all locked 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n',
    )
    await server.restart()
    return server
  }

  get url(): string {
    return `postgres://dstream@127.0.0.1:${this.port}/postgres`
  }

  /** Connects a client, which ignores that its server is killed. */
  async client(): Promise<Client> {
    const client = new Client({ connectionString: this.url })
    client.on('error', () => undefined)
    await client.connect()
    return client
  }

  async restart(): Promise<void> {
    const child = spawn(join(binaries() ?? '', 'postgres'), ['-D', join(this.directory, 'data')], {
      stdio: ['ignore', 'ignore', 'ignore'],
      cwd: this.directory,
      ...otherUser(),
    })
    this.#process = child
    await once(child, 'spawn')
    while (!(await this.#answers())) {
      if (child.exitCode !== null) throw new Error(`postgres ended with ${child.exitCode}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** Ends the server and all its backends at once, as a crash of the machine would: it recovers at its next start. */
  async kill(): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    // SIGQUIT makes the postmaster kill its backends; after a SIGKILL they would go on, and hold the shared memory.
    child.kill('SIGQUIT')
    await ended
  }

  async close(): Promise<void> {
    await this.kill()
    await rm(this.directory, { recursive: true, force: true })
  }

  async #answers(): Promise<boolean> {
    const client = new Client({ connectionString: this.url, connectionTimeoutMillis: 1000 })
    client.on('error', () => undefined)
    try {
      await client.connect()
      return true
    } catch {
      return false
    } finally {
      await client.end().catch(() => undefined)
    }
  }
}
