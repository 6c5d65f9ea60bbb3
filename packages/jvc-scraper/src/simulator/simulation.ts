import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../clock.js'
import { parseAddress } from '../parse/address.js'
import { ControlError, readCommand } from './control.js'
import type { ControlCommand, SimulatorStatus } from './control.js'
import { deliver, replyOfFault } from './delivery.js'
import { Events } from './events.js'
import { FaultError, FaultPlan, readFaults } from './faults.js'
import type { FaultName } from './faults.js'
import { Forum } from './forum.js'
import type { SimulatedPost } from './archive.js'
import { Publisher } from './publisher.js'
import { Random } from './random.js'
import { Site, reply } from './site.js'
import type { Reply } from './site.js'
import { TruthError, postsSince, truthOf } from './truth.js'

/** The number of lines of the truth per write. */
const TRUTH_CHUNK = 1000

/** The options of a simulation; `SimulatorOptions` documents them. */
export interface SimulationOptions {
  readonly seed: number
  readonly rate: number
  readonly total: number
  readonly topics: number
  readonly history: number
  readonly forumId: string
  readonly faults: string
  readonly keepPosts?: number | undefined
  readonly keepTruth?: boolean | undefined
  readonly clock: Clock
}

/** The forum with its time, its faults and its answers, without the socket. */
export class Simulation {
  readonly forum: Forum
  readonly #site: Site
  readonly #publisher: Publisher
  readonly #events: Events
  readonly #faults: FaultPlan
  readonly #random: Random
  readonly #clock: Clock
  #requests = 0

  /** @throws FaultError on a fault that does not exist. */
  constructor(options: SimulationOptions) {
    const root = new Random(options.seed)
    this.#clock = options.clock
    this.#random = root.fork('delivery')
    this.#faults = new FaultPlan(root.fork('faults'))
    this.#faults.set(readFaults(options.faults))
    this.forum = new Forum({ ...options, now: this.#clock.now(), faults: this.#faults })
    this.#site = new Site(this.forum)
    this.#events = new Events(this.forum, this.#faults, root.fork('events'))
    this.#publisher = new Publisher(this.forum, this.#events, this.#clock, options.rate, options.total)
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '/'
    if (path.startsWith('/__truth')) return this.#sendTruth(path, response)
    if (path.startsWith('/__control')) return this.#send(response, this.#controlReply(path, request.method))
    this.#requests++
    const kind = parseAddress(path)?.kind
    const fault = kind === undefined ? undefined : this.#faults.ofRequest(kind)
    this.#send(response, replyOfFault(fault) ?? this.#site.answer(path, this.#clock.now(), fault), fault)
  }

  /** @throws FaultError on a fault that does not exist. */
  control(command: ControlCommand): SimulatorStatus {
    const forum = this.forum
    switch (command.do) {
      case 'status':
        break
      case 'pause':
        this.#publisher.pause()
        break
      case 'resume':
        this.#publisher.resume()
        break
      case 'publish':
        this.#publisher.now(command.count)
        break
      case 'rate':
        this.#publisher.setRate(command.value)
        break
      case 'until':
        this.#publisher.setTotal(command.total)
        break
      case 'delete':
        found(
          command.id === undefined
            ? this.#events.delete(this.#clock.now())
            : forum.remove(command.id, this.#clock.now()),
        )
        break
      case 'restore':
        found(command.id === undefined ? this.#events.restore() : forum.restore(command.id))
        break
      case 'rename':
        found(forum.rename(command.topic, command.title))
        break
      case 'gone':
        found(forum.closeTopic(command.topic, this.#clock.now()))
        break
      case 'faults':
        this.#faults.set(readFaults(command.names))
        // Some faults show in every page of the list.
        forum.version++
        break
      case 'fault':
        this.#faults.force(command.name, command.times)
        break
    }
    return this.#status()
  }

  stop(): void {
    this.#publisher.stop()
  }

  #status(): SimulatorStatus {
    const { published, done } = this.#publisher
    const history = this.forum.published - published
    const topics = this.forum.topicCount
    return { published, history, topics, done, requests: this.#requests, faults: { ...this.#faults.counts } }
  }

  #send(response: ServerResponse, answer: Reply, fault?: FaultName): void {
    const random = this.#random
    const clock = this.#clock
    const sentWhole = (): void => {
      if (fault !== 'unknown-markup') for (const post of answer.posts) post.servedAt ??= clock.now()
    }
    deliver(response, answer, { fault, random, clock, sentWhole })
  }

  #controlReply(path: string, method: string | undefined): Reply {
    try {
      const command = readCommand(new URL(path, 'http://simulator').searchParams)
      if (command.do !== 'status' && method !== 'POST') throw new ControlError('A command needs POST')
      return reply(200, `${JSON.stringify(this.control(command))}\n`, 'application/json')
    } catch (error) {
      if (!(error instanceof ControlError || error instanceof FaultError)) throw error
      return reply(400, `${JSON.stringify({ code: error.code, message: error.message })}\n`, 'application/json')
    }
  }

  #sendTruth(path: string, response: ServerResponse): void {
    const since = Math.max(0, Number(new URL(path, 'http://simulator').searchParams.get('since')) || 0)
    let posts: SimulatedPost[]
    try {
      posts = postsSince(this.forum, since)
    } catch (error) {
      if (!(error instanceof TruthError)) throw error
      const body = `${JSON.stringify({ code: error.code, message: error.message })}\n`
      return this.#send(response, reply(410, body, 'application/json'))
    }
    let next = 0
    response.writeHead(200, { 'content-type': 'application/x-ndjson; charset=utf-8' })
    const more = (): void => {
      while (next < posts.length) {
        const lines = posts.slice(next, next + TRUTH_CHUNK).map((post) => `${JSON.stringify(truthOf(post))}\n`)
        next += TRUTH_CHUNK
        if (!response.write(lines.join(''))) return void response.once('drain', more)
      }
      response.end()
    }
    more()
  }
}

function found(result: unknown): void {
  if (result === undefined || result === false) throw new ControlError('There is no such post or topic')
}
