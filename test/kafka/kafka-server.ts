import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../free-port.js'
import { classArchive, classPath, configuration, javaFlags, kafkaHome } from './kafka-home.mjs'

/** Looks for the broker. In CI (`DSTREAM_CI`) the answer is yes, so that its tests fail when it is missing. */
export function hasKafka(): boolean {
  const isThere = existsSync(join(kafkaHome(), 'complete')) && spawnSync('java', ['-version']).status === 0
  if (isThere || process.env['DSTREAM_CI']) return true
  console.warn('No Kafka for the tests: they are left out. Install java and mvn, and run: node tools/fetch-kafka.mjs')
  return false
}

export type BrokerSettings = Readonly<Record<string, string | number>>

/** The ports and the directory of a broker. */
export interface BrokerPlace {
  readonly port: number
  readonly controllerPort: number
  readonly directory: string
}

/** The settings of a broker that is killed: the next one is not let in before the session of the last is over. */
export const quickRestart: BrokerSettings = { 'broker.session.timeout.ms': 3000, 'broker.heartbeat.interval.ms': 200 }

/** A real Kafka broker for tests, with ports and a directory of its own, in KRaft mode. */
export class KafkaServer {
  #process: ChildProcess | undefined
  #output = ''

  private constructor(
    readonly port: number,
    readonly directory: string,
  ) {}

  /** @param settings settings of the broker beside those of `configuration`, or a function that returns them */
  static async start(
    settings: BrokerSettings | ((place: BrokerPlace) => Promise<BrokerSettings>) = {},
  ): Promise<KafkaServer> {
    const server = new KafkaServer(await freePort(), await mkdtemp(join(tmpdir(), 'dstream-kafka-')))
    const { directory, port } = server
    const controllerPort = await freePort()
    const further = typeof settings === 'function' ? await settings({ port, controllerPort, directory }) : settings
    const data = join(directory, 'data')
    cpSync(join(kafkaHome(), 'formatted'), data, { recursive: true })
    writeFileSync(server.#properties, configuration({ data, port, controllerPort, further }))
    await server.restart()
    return server
  }

  /**
   * Starts brokers that are one cluster, each of them a controller too, so that the others go on when one is gone. Resolves
   * when all of them accept connections; they take some seconds more to know each other.
   */
  static async startCluster(size: number, settings: BrokerSettings = {}): Promise<KafkaServer[]> {
    const ports = new Set<number>()
    while (ports.size < 2 * size) ports.add(await freePort())
    const controllerPorts = [...ports].slice(size)
    const voters = controllerPorts.map((port, i) => `${i + 1}@127.0.0.1:${port}`).join(',')
    const servers: KafkaServer[] = []
    for (const [i, controllerPort] of controllerPorts.entries()) {
      const server = new KafkaServer([...ports][i]!, await mkdtemp(join(tmpdir(), 'dstream-kafka-')))
      const { directory, port } = server
      const data = join(directory, 'data')
      cpSync(join(kafkaHome(), 'formatted'), data, { recursive: true })
      writeFileSync(
        join(data, 'meta.properties'),
        readFileSync(join(data, 'meta.properties'), 'utf8')
          .replace(/^node\.id=.*$/m, `node.id=${i + 1}`)
          .replace(/^directory\.id=.*$/m, `directory.id=${randomBytes(16).toString('base64url')}`),
      )
      const further = { 'node.id': i + 1, 'controller.quorum.voters': voters, ...settings }
      writeFileSync(server.#properties, configuration({ data, port, controllerPort, further }))
      servers.push(server)
    }
    await Promise.all(servers.map((server) => server.restart()))
    return servers
  }

  get broker(): string {
    return `127.0.0.1:${this.port}`
  }

  /** Starts the broker after a kill. Resolves when it accepts connections. */
  async restart(): Promise<void> {
    const archive = `-XX:SharedArchiveFile=${classArchive()}`
    const java = [archive, ...javaFlags, '-cp', classPath(), 'kafka.Kafka', this.#properties]
    const child = spawn('java', java, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#process = child
    // A test that fails may leave its broker behind.
    process.once('exit', () => child.kill('SIGKILL'))
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text) => (this.#output = (this.#output + String(text)).slice(-4000)))
    }
    await once(child, 'spawn')
    while (!(await this.#answers())) {
      if (child.exitCode !== null) throw new Error(`Kafka ended with ${child.exitCode}: ${this.#output}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
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

  /** Suspends the process, as a sleeping machine does: connections stay open and no request is answered. */
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

  get #properties(): string {
    return join(this.directory, 'server.properties')
  }

  #answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.port, '127.0.0.1')
      socket.once('connect', () => (socket.destroy(), resolve(true)))
      socket.once('error', () => resolve(false))
    })
  }
}
