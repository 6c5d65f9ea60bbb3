import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock } from '../clock.js'
import type { Clock } from '../clock.js'
import { ControlError, readCommand } from './control.js'
import type { ControlCommand, SimulatorStatus } from './control.js'
import { Forum } from './forum.js'
import { Publisher } from './publisher.js'
import { Site, reply } from './site.js'
import type { Reply } from './site.js'
import { truthOf } from './truth.js'
import type { TruthPost } from './truth.js'

export interface SimulatorOptions {
  /** Port to listen on; default 0, any free one. */
  readonly port?: number
  /** Address to listen on; default `127.0.0.1`. */
  readonly host?: string
  /** Two simulators of one seed publish the same posts in the same order; default 1. */
  readonly seed?: number
  /** New posts per second; default 20. 0 publishes only what is ordered. */
  readonly rate?: number
  /** Stop publishing when this many posts are out; default never. */
  readonly total?: number
  /** Topics that get posts at a time; default 30. */
  readonly topics?: number
  /** Posts that are there from the beginning; default 300, at least one for each topic. */
  readonly history?: number
  /** The forum's number; default `51`. */
  readonly forumId?: string
  /** The time it lives in; default the machine's. */
  readonly clock?: Clock
}

export interface Simulator {
  /** Where it listens, `http://127.0.0.1:49152`. */
  readonly url: string
  readonly port: number
  /** The address of the forum's list, first page. */
  readonly forumUrl: string
  /** Every post published, in order, from position `since` (default 0) on. */
  truth(since?: number): TruthPost[]
  /** Carries out an order, as `POST /__control` does. */
  control(command: ControlCommand): SimulatorStatus
  /** Stops publishing and listening, and cuts open connections. */
  close(): Promise<void>
}

/** Lines of the truth written at once. */
const TRUTH_CHUNK = 1000

/**
 * Starts an invented forum: lists of 25 topics, topic pages of 20 posts, with today's markup, payload and JvCare links,
 * and new posts at a rate. Nothing of it comes from real people.
 *
 * Besides the site's own addresses it answers `GET /__truth?since=N` (one JSON object a line, see {@link TruthPost}),
 * `GET /__control` (the status) and `POST /__control?do=…` (an order, see {@link ControlCommand}).
 *
 * @throws the error of the socket, e.g. `EADDRINUSE`.
 * @example
 * const simulator = await startSimulator({ seed: 7, rate: 200, total: 12_000 })
 * const page = await fetch(simulator.forumUrl)
 * await simulator.close()
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { port = 0, host = '127.0.0.1', clock = systemClock } = options
  const simulation = new Simulation(options, clock)
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
    truth: (since = 0) => simulation.forum.posts.slice(since).map(truthOf),
    control: (command) => simulation.control(command),
    close: () => {
      simulation.stop()
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

class Simulation {
  readonly forum: Forum
  private readonly site: Site
  private readonly publisher: Publisher
  private requests = 0

  constructor(
    options: SimulatorOptions,
    private readonly clock: Clock,
  ) {
    const { seed = 1, rate = 20, total = Infinity, topics = 30, history = 300, forumId = '51' } = options
    this.forum = new Forum({ seed, forumId, topics, history: Math.max(history, topics), now: clock.now() })
    this.site = new Site(this.forum)
    this.publisher = new Publisher(this.forum, clock, rate, total)
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '/'
    if (path.startsWith('/__truth')) return this.sendTruth(path, response)
    if (path.startsWith('/__control')) return send(response, this.controlReply(path, request.method))
    this.requests++
    const answer = this.site.answer(path, this.clock.now(), { payload: 'gzip', visible: true })
    response.once('finish', () => answer.posts.forEach((post) => (post.served = true)))
    send(response, answer)
  }

  control(command: ControlCommand): SimulatorStatus {
    const { publisher } = this
    switch (command.do) {
      case 'status':
        break
      case 'pause':
        publisher.pause()
        break
      case 'resume':
        publisher.resume()
        break
      case 'publish':
        publisher.now(command.count)
        break
      case 'rate':
        publisher.setRate(command.value)
        break
      case 'until':
        publisher.setTotal(command.total)
        break
    }
    return this.status()
  }

  stop(): void {
    this.publisher.stop()
  }

  private status(): SimulatorStatus {
    const { published, done } = this.publisher
    const history = this.forum.posts.length - published
    return { published, history, topics: this.forum.topicCount, done, requests: this.requests }
  }

  private controlReply(path: string, method: string | undefined): Reply {
    try {
      const command = readCommand(new URL(path, 'http://simulator').searchParams)
      if (command.do !== 'status' && method !== 'POST') throw new ControlError('An order needs POST.')
      return reply(200, `${JSON.stringify(this.control(command))}\n`, 'application/json')
    } catch (error) {
      if (!(error instanceof ControlError)) throw error
      return reply(400, `${JSON.stringify({ code: error.code, message: error.message })}\n`, 'application/json')
    }
  }

  private sendTruth(path: string, response: ServerResponse): void {
    const posts = this.forum.posts
    const end = posts.length
    let next = Math.max(0, Number(new URL(path, 'http://simulator').searchParams.get('since')) || 0)
    response.writeHead(200, { 'content-type': 'application/x-ndjson; charset=utf-8' })
    const more = (): void => {
      while (next < end) {
        const lines = posts
          .slice(next, Math.min(end, next + TRUTH_CHUNK))
          .map((post) => `${JSON.stringify(truthOf(post))}\n`)
        next += TRUTH_CHUNK
        if (!response.write(lines.join(''))) return void response.once('drain', more)
      }
      response.end()
    }
    more()
  }
}

function send(response: ServerResponse, { status, headers, body }: Reply): void {
  response.writeHead(status, { ...headers, 'content-length': body.length })
  response.end(body)
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
