import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Whether the tests that need a real Redis can run; where they must (`DSTREAM_CI`), they do and fail. */
export function hasRedis(): boolean {
  const found = spawnSync('redis-server', ['--version']).status === 0
  if (found || process.env['DSTREAM_CI']) return true
  console.warn('redis-server is not on the PATH, so the tests that need it are left out: apt-get install redis-server')
  return false
}

/** A real Redis for tests, on a port of its own, that can be killed and started again on its data. */
export class RedisServer {
  readonly port: number
  readonly #folder: string
  #process: ChildProcess | undefined

  static async start(): Promise<RedisServer> {
    const probe = createServer().listen(0, '127.0.0.1')
    await once(probe, 'listening')
    const { port } = probe.address() as AddressInfo
    await new Promise((resolve) => probe.close(resolve))
    const server = new RedisServer(port, await mkdtemp(join(tmpdir(), 'redis-')))
    await server.restart()
    return server
  }

  private constructor(port: number, folder: string) {
    this.port = port
    this.#folder = folder
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  async restart(): Promise<void> {
    const options = ['--bind', '127.0.0.1', '--port', String(this.port), '--dir', this.#folder, '--save', '']
    this.#process = spawn('redis-server', [...options, '--appendonly', 'yes', '--appendfsync', 'always'], {
      stdio: 'ignore',
    })
    while (!(await this.#answers())) await new Promise((resolve) => setTimeout(resolve, 20))
  }

  /** SIGKILL: no time to say or save anything. */
  async kill(): Promise<void> {
    const { exitCode, signalCode } = this.#process as ChildProcess
    if (exitCode !== null || signalCode !== null) return
    const exit = once(this.#process as ChildProcess, 'exit')
    this.#process?.kill('SIGKILL')
    await exit
  }

  /** What it holds is forgotten. */
  async wipe(): Promise<void> {
    await rm(join(this.#folder, 'appendonlydir'), { recursive: true, force: true })
  }

  async close(): Promise<void> {
    await this.kill()
    await rm(this.#folder, { recursive: true, force: true })
  }

  /** Up, and through with reading its data. */
  async #answers(): Promise<boolean> {
    const socket = connect(this.port, '127.0.0.1')
    return new Promise((resolve) => {
      socket.once('error', () => resolve(false))
      socket.once('connect', () => socket.write('PING\r\n'))
      socket.once('data', (data) => {
        socket.destroy()
        resolve(String(data).startsWith('+PONG'))
      })
    })
  }
}
