import { processWide } from '../base/process-wide.js'
import { uiShared } from '../base/errors/ui.js'
import type { Logger } from '../base/ports.js'
import type { JobView } from '../observe/job-view.js'
import { DEFAULT_HOST, DEFAULT_PORT, UiServer } from './server/ui-server.js'
import type { UiOptions } from './ui-options.js'

/** The page of a job while it is open. */
export interface OpenUi {
  /** The address, such as `http://127.0.0.1:4040`. */
  readonly url: string
  /** Takes the job off the page; the last one closes it. */
  close(): Promise<void>
}

/** Servers by the host and port that was asked for. */
const shared = processWide('ui', () => new Map<string, Promise<UiServer>>())

/**
 * Opens the page of a job; a context with the option `ui` does it by itself. Contexts of one process that ask for the same
 * host and port share one page, unless the port is 0.
 *
 * @throws `ui-not-opened` when no port is free; `ui-shared` when the page of another context has other options
 */
export async function openUi(job: JobView, options: UiOptions, logger: Logger): Promise<OpenUi> {
  const { host = DEFAULT_HOST, port = DEFAULT_PORT } = options
  const key = `${host} ${port}`
  const known = port === 0 ? undefined : shared.get(key)
  const opening = known ?? openServer(options, logger)
  if (port !== 0) shared.set(key, opening)
  const server = await opening.catch((error: unknown) => {
    shared.delete(key)
    throw error
  })
  // Another context may have closed the page meanwhile; then this one opens it again.
  if (known !== undefined && shared.get(key) !== opening) return openUi(job, options, logger)
  mustBeTheSame(options, server.options, host, port)
  server.add(job)
  return { url: server.url, close: () => leave(server, job, key, port) }
}

async function leave(server: UiServer, job: JobView, key: string, port: number): Promise<void> {
  server.remove(job)
  if (server.numJobs > 0) return
  if (port !== 0) shared.delete(key)
  await server.close()
}

async function openServer(options: UiOptions, logger: Logger): Promise<UiServer> {
  const server = new UiServer(options, logger)
  await server.open()
  logger.info({ url: server.url }, `The page of the job is at ${server.url}, its board at ${server.url}/board`)
  return server
}

/** @throws `ui-shared` */
function mustBeTheSame(options: UiOptions, ofServer: UiOptions, host: string, port: number): void {
  const shown = (given: UiOptions, name: keyof UiOptions): string =>
    name === 'maxDelay' ? String(given.maxDelay?.milliseconds) : JSON.stringify(given[name] ?? null)
  for (const name of ['auth', 'images', 'allowedHosts', 'maxDelay'] as const) {
    if (shown(options, name) !== shown(ofServer, name)) throw uiShared(host, port, name)
  }
  if (options.registry !== ofServer.registry) throw uiShared(host, port, 'registry')
}
