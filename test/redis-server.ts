import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.js'

/** Looks for redis-server. In CI (`DSTREAM_CI`) the answer is yes, so that its tests fail when it is missing. */
export function hasRedis(): boolean {
  if (spawnSync('redis-server', ['--version']).status === 0 || process.env['DSTREAM_CI']) return true
  console.warn('No redis-server on the PATH: its tests are left out. apt-get install redis-server')
  return false
}

/** A real Redis for tests, with a port and a directory of its own. Confirmed writes survive a kill. */
export class RedisServer {
  #process: ChildProcess | undefined

  private constructor(
    readonly port: number,
    readonly directory: string,
  ) {}

  static async start(): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), await mkdtemp(join(tmpdir(), 'dstream-redis-')))
    await server.restart()
    return server
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  async restart(): Promise<void> {
    const where = ['--bind', '127.0.0.1', '--port', String(this.port), '--dir', this.directory]
    const durable = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'always']
    const child = spawn('redis-server', [...where, ...durable], { stdio: 'ignore' })
    this.#process = child
    await once(child, 'spawn')
    while (!(await this.#answers())) {
      if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  /** Suspends the process, as a sleeping machine does: connections stay open and no command is answered. */
  freeze(): void {
    this.#process?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#process?.kill('SIGCONT')
  }

  /** Deletes the data while the server is down. */
  async wipe(): Promise<void> {
    await rm(join(this.directory, 'appendonlydir'), { recursive: true, force: true })
  }

  async close(): Promise<void> {
    await this.kill()
    await rm(this.directory, { recursive: true, force: true })
  }

  #answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.port, '127.0.0.1')
      const done = (answer: boolean) => {
        socket.destroy()
        resolve(answer)
      }
      socket.once('connect', () => socket.write('PING\r\n'))
      socket.once('data', (data) => done(data.toString().startsWith('+PONG')))
      socket.once('error', () => done(false))
    })
  }
}
