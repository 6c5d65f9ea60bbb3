import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Logger } from '../../base/ports.js'
import type { JobView } from '../../observe/job-view.js'
import { Metrics } from '../metrics/prometheus.js'
import type { UiOptions } from '../ui-options.js'
import { EventStreams } from './event-streams.js'
import { Access, contentPolicy, isOwnHost } from './guard.js'
import { listen } from './listen.js'
import { LiveChannel } from './live.js'
import { PageFiles } from './page-files.js'
import { routes } from './routes.js'
import { refusal, type Answer, type Router } from './router.js'

export const DEFAULT_PORT = 4040
export const DEFAULT_HOST = '127.0.0.1'

/** Paths that answer without a token: they say nothing about data. */
const OPEN_PATHS = /^\/(health(\/.*)?|login|assets\/[^/]+)$/
const REQUEST_TIMEOUT_MS = 30_000

/** Serves the page, the REST answers, the metrics and the health of the jobs of one process. It only reads. */
export class UiServer {
  readonly options: UiOptions
  readonly #logger: Logger
  readonly #jobs: JobView[] = []
  readonly #streams = new EventStreams()
  readonly #access: Access
  readonly #metrics: Metrics
  readonly #server: Server
  readonly #router: Router
  readonly #policy: string
  readonly #channels = new Map<string, LiveChannel>()
  /** Tells this run of the server from another one on the same port. */
  readonly #boot = crypto.randomUUID()
  #port = 0

  constructor(options: UiOptions, logger: Logger) {
    this.options = options
    this.#logger = logger
    this.#access = new Access(options.auth?.token)
    this.#policy = contentPolicy(options.images ?? [])
    const jobs = (): readonly JobView[] => this.#jobs
    this.#metrics = new Metrics(jobs, options.registry)
    this.#router = routes({
      jobs,
      files: new PageFiles(),
      metrics: this.#metrics,
      access: this.#access,
      policy: this.#policy,
      maxDelay: options.maxDelay,
      follow: (id, response) => this.#follow(id, response),
    })
    this.#server = createServer((request, response) => void this.#answer(request, response))
    this.#server.requestTimeout = REQUEST_TIMEOUT_MS
  }

  get host(): string {
    return this.options.host ?? DEFAULT_HOST
  }

  get port(): number {
    return this.#port
  }

  get url(): string {
    const host = this.host.includes(':') ? `[${this.host}]` : this.host
    return `http://${host}:${this.#port}`
  }

  get numJobs(): number {
    return this.#jobs.length
  }

  /** @throws `ui-not-opened` */
  async open(): Promise<void> {
    this.#port = await listen(this.#server, this.host, this.options.port ?? DEFAULT_PORT)
    this.#server.on('error', (err) => this.#logger.warn({ err }, 'The server of the page has an error'))
    // The page must not keep a process alive whose job has ended.
    this.#server.unref()
  }

  add(job: JobView): void {
    this.#jobs.push(job)
  }

  remove(job: JobView): void {
    const at = this.#jobs.indexOf(job)
    if (at >= 0) this.#jobs.splice(at, 1)
  }

  async close(): Promise<void> {
    this.#streams.close()
    this.#metrics.close()
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeAllConnections()
    await closed
  }

  #follow(id: string | undefined, response: ServerResponse): Answer | undefined {
    if (!this.#streams.hasRoom) return refusal(503, 'Too many pages are open')
    const key = id ?? ''
    const channel = this.#channels.get(key) ?? new LiveChannel(this.#boot, () => this.#jobs, id)
    // Only jobs are kept: a stranger's text must not fill the memory.
    if (id === undefined || this.#jobs.some((job) => job.id === id || job.name === id)) this.#channels.set(key, channel)
    this.#streams.add(response, channel)
    return undefined
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('x-content-type-options', 'nosniff')
    response.setHeader('referrer-policy', 'no-referrer')
    response.setHeader('cross-origin-opener-policy', 'same-origin')
    try {
      const answer = await this.#answerOf(request, response)
      if (answer !== undefined) send(request, response, answer)
    } catch (err) {
      this.#logger.warn({ err }, `The page could not answer ${request.method} ${request.url}`)
      if (response.headersSent) response.destroy()
      else send(request, response, refusal(500, 'The answer could not be made; the log says why'))
    }
  }

  async #answerOf(request: IncomingMessage, response: ServerResponse): Promise<Answer | undefined> {
    if (!isOwnHost(request.headers.host, this.options.allowedHosts ?? [])) {
      return refusal(421, 'This host name is not known here. Use the IP address, or name it in ui: { allowedHosts }')
    }
    if (!URL.canParse(request.url ?? '', 'http://page')) return refusal(400, 'The address is not well-formed')
    const url = new URL(request.url!, 'http://page')
    if (!OPEN_PATHS.test(url.pathname) && !this.#access.mayLook(request)) return this.#signIn(request, url)
    return this.#router.route(request, url, response)
  }

  /** A browser is sent to the form; a program is told what is missing. */
  #signIn(request: IncomingMessage, url: URL): Answer {
    const isBrowser = request.method === 'GET' && (request.headers.accept ?? '').includes('text/html')
    if (!isBrowser) {
      const headers = { 'www-authenticate': 'Bearer realm="dstream"' }
      return { ...refusal(401, 'A token is needed: Authorization: Bearer <token>'), headers }
    }
    const location = `/login?to=${encodeURIComponent(url.pathname + url.search)}`
    return { status: 303, type: 'text/plain', body: '', headers: { location } }
  }
}

function send(request: IncomingMessage, response: ServerResponse, { status, type, body, headers }: Answer): void {
  response.writeHead(status, {
    'content-type': type,
    'cache-control': 'no-store',
    'content-length': status === 304 ? 0 : Buffer.byteLength(body),
    ...headers,
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}
