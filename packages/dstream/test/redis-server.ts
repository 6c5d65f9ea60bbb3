import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Whether there is a Redis to test with. Where there must be one (`DSTREAM_CI`) the tests run, and fail without it. */
export const hasRedis = (): boolean => {
  if (spawnSync('redis-server', ['--version']).status === 0 || process.env['DSTREAM_CI']) return true
  console.warn('No redis-server on the PATH: its tests are left out. apt-get install redis-server')
  return false
}

/** A real Redis on a port and in a directory of its own, that keeps what it has confirmed when it is killed. */
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
    if (child === undefined || child.exitCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  /** As a machine that has gone to sleep: connections stand, nothing answers. */
  freeze(): void {
    this.#process?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#process?.kill('SIGCONT')
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

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** What a connection loses: a piece of what goes one way, whole or its second half, and everything after it. */
export interface Cut {
  readonly way: 'request' | 'reply'
  /** From 0, over all connections. */
  readonly piece: number
  readonly half: boolean
}

/** A way to a server that can break at any piece of data, once. */
export class BreakingWay {
  readonly pieces = { request: 0, reply: 0 }
  cut: Cut | undefined
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(target: number) {
    this.#server = createServer((client) => {
      const server = connect(target, '127.0.0.1')
      this.#forward('request', client, server)
      this.#forward('reply', server, client)
    })
  }

  static async to(target: number): Promise<BreakingWay> {
    const way = new BreakingWay(target)
    way.#server.listen(0, '127.0.0.1')
    await once(way.#server, 'listening')
    return way
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #forward(way: Cut['way'], from: Socket, to: Socket): void {
    this.#sockets.add(from)
    from.on('error', () => undefined)
    from.on('close', () => to.end())
    from.on('data', (data) => {
      const { cut } = this
      const piece = this.pieces[way]++
      if (cut?.way !== way || cut.piece !== piece) return void to.write(data)
      this.cut = undefined
      // `end`, so that what the server has got before it still counts.
      if (cut.half) to.end(data.subarray(0, data.length >> 1))
      else to.end()
      from.destroy()
    })
  }
}
