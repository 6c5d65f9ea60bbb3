import type { ServerResponse } from 'node:http'
import type { Duration } from '../../base/time/duration.js'
import type { JobView } from '../../observe/job-view.js'
import type { Metrics } from '../metrics/prometheus.js'
import * as about from '../rest/job-api.js'
import { openApiDocument } from '../rest/open-api.js'
import * as spark from '../rest/spark-api.js'
import type { Access } from './guard.js'
import { healthOf } from './health.js'
import { login, loginForm } from './login.js'
import type { PageFiles } from './page-files.js'
import { json, refusal, Router, type Answer, type Handler, type Request } from './router.js'

export interface RouteParts {
  readonly jobs: () => readonly JobView[]
  readonly files: PageFiles
  readonly metrics: Metrics
  readonly access: Access
  /** The content security policy of the page. */
  readonly policy: string
  readonly maxDelay: Duration | undefined
  /** Sends the changes of a job to a browser until it goes. */
  follow(id: string | undefined, response: ServerResponse): Answer | undefined
}

const APPLICATION = '/api/v1/applications/:appId'

/** The paths of the page: its script shows what belongs to each. */
export const PAGES = [
  '/',
  '/streaming',
  '/streaming/batch',
  '/plan',
  '/state',
  '/sources',
  '/storage',
  '/environment',
  '/board',
]

/** Answers about one job, by the end of their path. */
const ABOUT: Readonly<Record<string, (job: JobView, request: Request) => Answer | Promise<Answer>>> = {
  plan: (job) => json(about.plan(job)),
  progress: (job) => json(about.progress(job)),
  sources: (job) => json(about.sources(job)),
  outputs: (job) => json(about.outputs(job)),
  storage: (job) => json(about.storage(job)),
  environment: (job) => json(about.environment(job)),
  board: (job) => json(job.board.panels),
  state: (job) => json(about.stateTables(job)),
  'state/:uid': about.stateOf,
}

/** Answers of Spark's interface, by the end of their path. */
const SPARK: Readonly<Record<string, (job: JobView, request: Request) => Answer>> = {
  statistics: (job) => json(spark.statistics(job)),
  receivers: (job) => json(spark.receivers(job)),
  'receivers/:streamId': spark.receiverById,
  batches: spark.batches,
  'batches/:batchId': spark.batchById,
  'batches/:batchId/operations': spark.operations,
  'batches/:batchId/operations/:outputOpId': spark.operationById,
  'batches/:batchId/operators': spark.operators,
}

/** Returns the routes of the page, of the REST answers, of the metrics and of the health. */
export function routes(parts: RouteParts): Router {
  const { jobs, files, metrics, access, policy } = parts
  const router = new Router()
  for (const path of PAGES) router.get(path, () => files.document(policy))
  router
    .get('/assets/:name', (request) => files.file(request))
    .get('/events', ({ query }, response) => parts.follow(query.get('app') ?? undefined, response))
    .get('/login', (request) => loginForm(request, policy))
    .post('/login', (request) => login(request, access))
    .get('/metrics', async () => ({ status: 200, type: metrics.contentType, body: await metrics.text() }))
    .get('/api/v1/openapi.json', () => json(openApiDocument()))
    .get('/api/v1/version', () => json({ spark: '3.1.2', dstream: '0.1' }))
    .get('/api/v1/applications', () => json(jobs().map(spark.application)))
    .get(
      APPLICATION,
      ofJob(jobs, (job) => json(spark.application(job))),
    )
  for (const [path, answer] of Object.entries(SPARK))
    router.get(`${APPLICATION}/streaming/${path}`, ofJob(jobs, answer))
  for (const [path, answer] of Object.entries(ABOUT)) {
    router.get(`${APPLICATION}/${path}`, ofJob(jobs, answer)).get(`/api/v1/${path}`, ofJob(jobs, answer))
  }
  return health(router, parts)
}

/** Finds the job by its id, or by its name, which stays the same over a restart; without one in the path or the query it is the first of the page. */
function ofJob(
  jobs: () => readonly JobView[],
  answer: (job: JobView, request: Request) => Answer | Promise<Answer>,
): Handler {
  return (request) => {
    const id = request.params['appId'] ?? request.query.get('app') ?? undefined
    const job = id === undefined ? jobs()[0] : jobs().find((known) => known.id === id || known.name === id)
    return job === undefined ? refusal(404, `unknown app: ${id ?? 'none is started'}`) : answer(job, request)
  }
}

function health(router: Router, { jobs, maxDelay }: RouteParts): Router {
  const ready: Handler = () => {
    const all = jobs().map((job) => ({ job: job.name, ...healthOf(job, maxDelay) }))
    const isReady = all.length > 0 && all.every((one) => one.ready)
    return json({ status: isReady ? 'ok' : 'unavailable', jobs: all }, isReady ? 200 : 503)
  }
  // Whether the process answers at all is the whole question.
  return router
    .get('/health/live', () => json({ status: 'ok' }))
    .get('/health/ready', ready)
    .get('/health', ready)
}
