import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock } from '../clock.js'
import type { Clock } from '../clock.js'
import type { ControlCommand, SimulatorStatus } from './control.js'
import { Simulation } from './simulation.js'
import { postsSince, truthOf } from './truth.js'
import type { TruthPost } from './truth.js'

export interface SimulatorOptions {
  /** Port to listen on; default 0, any free one. */
  readonly port?: number
  /** Address to listen on; default `127.0.0.1`. */
  readonly host?: string
  /** Two simulators of one seed publish the same posts in the same order; default 1. */
  readonly seed?: number
  /** New posts per second; default 20. With 0 only commands publish. */
  readonly rate?: number
  /** Stop publishing when this many posts are out; default never. */
  readonly total?: number
  /** Topics that get posts at a time; default 30. */
  readonly topics?: number
  /** Posts that are there from the beginning; default 300, at least one for each topic. */
  readonly history?: number
  /** The forum's number; default `51`. */
  readonly forumId?: string
  /** The faults: `all`, `none` (the default), or names with commas and optional probabilities, `slow=0.1,gone`. */
  readonly faults?: string
  /**
   * The bound on visible posts; default 20,000, and at least four posts a topic and twice the history. Above it the
   * topics that were silent for longest die: their pages answer 410.
   */
  readonly keepPosts?: number
  /** Keeps the truth of every post, so that memory grows with each of them; default false. */
  readonly keepTruth?: boolean
  /** The clock of the forum; default the system clock. */
  readonly clock?: Clock
}

export interface Simulator {
  /** The address of the server, for example `http://127.0.0.1:49152`. */
  readonly url: string
  readonly port: number
  /** The address of the forum's list, first page. */
  readonly forumUrl: string
  /**
   * Returns every post published, in order, from position `since` (default 0) on.
   *
   * @throws TruthError when some of them are no longer kept: see `keepTruth`
   */
  truth(since?: number): TruthPost[]
  /** Executes a command, as `POST /__control` does. */
  control(command: ControlCommand): SimulatorStatus
  /** Stops publishing and listening, and cuts open connections. */
  close(): Promise<void>
}

/**
 * Starts a simulated forum: lists of 25 topics, topic pages of 20 posts, with the current markup, payload and JvCare
 * links, and new posts at a rate. All its content is made up.
 *
 * It also draws the pictures that its posts show, under the paths of the real picture host (`/fichiers/…`). Besides the
 * site's own addresses it answers `GET /__truth?since=N` (one JSON object a line, see {@link TruthPost}),
 * `GET /__control` (the status) and `POST /__control?do=…` (a command, see {@link ControlCommand}).
 *
 * @throws FaultError on a fault that does not exist; the error of the socket, e.g. `EADDRINUSE`.
 * @example
 * const simulator = await startSimulator({ seed: 7, rate: 200, total: 12_000 })
 * const page = await fetch(simulator.forumUrl)
 * await simulator.close()
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { port = 0, host = '127.0.0.1', seed = 1, rate = 20, total = Infinity, topics = 30, history = 300 } = options
  const { forumId = '51', faults = 'none', clock = systemClock, keepPosts, keepTruth } = options
  const posts = Math.max(history, topics)
  const common = { seed, rate, total, topics, history: posts, forumId, faults, clock }
  const simulation = new Simulation({ ...common, keepPosts, keepTruth })
  const server = createServer({ keepAliveTimeout: 30_000 }, (request, response) => simulation.handle(request, response))
  try {
    await listen(server, port, host)
  } catch (error) {
    simulation.stop()
    throw error
  }
  const bound = (server.address() as AddressInfo).port
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${bound}`
  return {
    url,
    port: bound,
    forumUrl: url + simulation.forum.listAddress(1),
    truth: (since = 0) => postsSince(simulation.forum, since).map(truthOf),
    control: (command) => simulation.control(command),
    close: () => {
      simulation.stop()
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
