import type { IncomingMessage, ServerResponse } from 'node:http'

/** A request as a handler sees it. */
export interface Request {
  readonly path: string
  /** The parts of the path that a `:name` of the route stands for, decoded. */
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly raw: IncomingMessage
}

/** The answer of a handler; `undefined` from one that writes to the response itself. */
export interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string | Uint8Array
  readonly headers?: Readonly<Record<string, string>>
}

export type Handler = (request: Request, response: ServerResponse) => Answer | undefined | Promise<Answer | undefined>

/** Returns an answer in JSON. */
export function json(value: unknown, status = 200): Answer {
  return { status, type: 'application/json; charset=utf-8', body: JSON.stringify(value) }
}

/** Returns an answer that says why there is none. */
export function refusal(status: number, message: string): Answer {
  return json({ status, message }, status)
}

interface Route {
  readonly method: string
  readonly pattern: RegExp
  readonly names: readonly string[]
  readonly handler: Handler
}

/** Maps methods and paths to handlers. Paths are matched as a whole; a `:name` stands for one part. */
export class Router {
  readonly #routes: Route[] = []

  get(path: string, handler: Handler): this {
    return this.#add('GET', path, handler)
  }

  post(path: string, handler: Handler): this {
    return this.#add('POST', path, handler)
  }

  /** Answers a request; 404 for an unknown path, 405 for another method than its routes have. */
  async route(raw: IncomingMessage, url: URL, response: ServerResponse): Promise<Answer | undefined> {
    const path = url.pathname.length > 1 ? url.pathname.replace(/\/$/, '') : url.pathname
    const routes = this.#routes.filter(({ pattern }) => pattern.test(path))
    if (routes.length === 0) return refusal(404, `There is nothing at ${path}`)
    const method = raw.method === 'HEAD' ? 'GET' : raw.method
    const route = routes.find((candidate) => candidate.method === method)
    if (route === undefined) {
      const allow = routes.map((candidate) => candidate.method).join(', ')
      return { ...refusal(405, `${raw.method} is not possible at ${path}`), headers: { allow } }
    }
    const params = paramsOf(route, path)
    if (params === undefined) return refusal(400, 'The path is not well-formed')
    return route.handler({ path, params, query: url.searchParams, raw }, response)
  }

  #add(method: string, path: string, handler: Handler): this {
    const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name!)
    const pattern = new RegExp(`^${path.replace(/[.]/g, '\\.').replace(/:\w+/g, '([^/]+)')}$`)
    this.#routes.push({ method, pattern, names, handler })
    return this
  }
}

function paramsOf({ pattern, names }: Route, path: string): Record<string, string> | undefined {
  const values = pattern.exec(path)!.slice(1)
  try {
    return Object.fromEntries(names.map((name, i) => [name, decodeURIComponent(values[i]!)]))
  } catch {
    return undefined
  }
}
