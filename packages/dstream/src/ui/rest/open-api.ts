import { arrayOf, named, STRING, mapOf, type Schema } from './schema.js'
import { SCHEMAS } from './schemas.js'

const APPLICATION = '/api/v1/applications/{appId}'
const STREAMING = `${APPLICATION}/streaming`

interface Operation {
  readonly path: string
  readonly summary: string
  readonly answer: Schema
  readonly query?: Readonly<Record<string, string>>
}

function operation(path: string, summary: string, answer: Schema, query: Operation['query'] = {}): Operation {
  return { path, summary, answer, query }
}

const OF_SPARK: readonly Operation[] = [
  operation('/api/v1/version', 'Versions of the interface and of this library', mapOf(STRING)),
  operation('/api/v1/applications', 'The jobs of this process', arrayOf(named('Application'))),
  operation(APPLICATION, 'One job', named('Application')),
  operation(`${STREAMING}/statistics`, 'Figures of all batches', named('Statistics')),
  operation(`${STREAMING}/receivers`, 'Receivers with their rates', arrayOf(named('Receiver'))),
  operation(`${STREAMING}/receivers/{streamId}`, 'One input stream', named('Receiver')),
  operation(`${STREAMING}/batches`, 'Batches, newest first', arrayOf(named('Batch')), {
    status: 'QUEUED, PROCESSING or COMPLETED; may be given several times',
  }),
  operation(`${STREAMING}/batches/{batchId}`, 'One batch by its time in milliseconds', named('Batch')),
  operation(`${STREAMING}/batches/{batchId}/operations`, 'Outputs of a batch', arrayOf(named('Operation'))),
  operation(`${STREAMING}/batches/{batchId}/operations/{outputOpId}`, 'One output of a batch', named('Operation')),
  operation(`${STREAMING}/batches/{batchId}/operators`, 'Operators in a batch', arrayOf(named('OperatorOfBatch'))),
]

const OF_JOB: readonly Operation[] = [
  operation('plan', 'The graph with the figures of the last batch', named('Plan')),
  operation('progress', 'The phase, what is left to catch up, and the last batch', named('Progress')),
  operation('sources', 'Sources with their buffers and errors', arrayOf(named('Source'))),
  operation('outputs', 'Outputs with their attempts and what waits for them', arrayOf(named('Output'))),
  operation('storage', 'What is kept, and how long it takes to write it', named('Storage')),
  operation('environment', 'Options and versions', named('Environment')),
  operation('board', 'What the outputs show', arrayOf(named('Panel'))),
  operation('state', 'Tables of state', arrayOf(named('StateTable'))),
  operation('state/{uid}', 'Rows of a table', named('StateAnswer'), {
    key: 'a key, as text or as JSON',
    by: 'orders the rows by the number at this path of their values, largest first; an empty path is the value itself',
    limit: 'the most rows; 20, and at most 1000',
  }),
]

const HEALTH: readonly Operation[] = [
  operation('/health/live', 'Whether the process answers', named('Health')),
  operation('/health/ready', 'Whether the jobs do their work; 503 says why not', named('Health')),
]

/** Returns the description of the REST answers in OpenAPI 3.1. */
export function openApiDocument(): object {
  const jobOperations = OF_JOB.flatMap(({ path, ...rest }) => [
    { ...rest, path: `/api/v1/${path}`, query: { ...rest.query, app: 'the id of the job; the first one without' } },
    { ...rest, path: `${APPLICATION}/${path}` },
  ])
  return {
    openapi: '3.1.0',
    info: { title: 'dstream', version: '1', description: 'Figures of streaming jobs. Nothing here changes a job.' },
    security: [{ bearer: [] }],
    paths: Object.fromEntries(
      [...OF_SPARK, ...jobOperations, ...HEALTH].map((one) => [one.path, { get: described(one) }]),
    ),
    components: { schemas: SCHEMAS, securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
  }
}

function described({ path, summary, answer, query = {} }: Operation): object {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => parameter(name!, 'path'))
  const inQuery = Object.entries(query).map(([name, text]) => parameter(name, 'query', text))
  const content = (schema: Schema): object => ({ 'application/json': { schema } })
  return {
    summary,
    parameters: [...inPath, ...inQuery],
    responses: {
      200: { description: summary, content: content(answer) },
      default: { description: 'Why there is no answer', content: content(named('Refusal')) },
    },
  }
}

function parameter(name: string, place: 'path' | 'query', description?: string): object {
  return {
    name,
    in: place,
    required: place === 'path',
    schema: STRING,
    ...(description === undefined ? {} : { description }),
  }
}
