import { createRequire } from 'node:module'
import type { Writable } from 'node:stream'
import { pino } from 'pino'
import { MemoryBookmarks } from './bookmarks/memory-bookmarks.js'
import { exportPosts } from './cli/export.js'
import { exportSettingsOf } from './cli/export-settings.js'
import { openStores } from './cli/open-stores.js'
import { helpText, parseOptions, type Options } from './cli/options.js'
import { settingsOf, storesOf } from './cli/settings.js'
import { shortLine } from './cli/short-log.js'
import { timeLeft } from './cli/time-left.js'
import { systemClock } from './clock.js'
import { ScraperError, messageOf } from './errors.js'
import { identityOf } from './fetch/identity.js'
import { HealthServer } from './health-server.js'
import type { Logger } from './logger.js'
import { Scraper } from './scraper.js'
import { FaultError, startSimulator, type Simulator } from './simulator/index.js'

/** The parts of the process that the program uses. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdout: Writable
  readonly stderr: Writable
  /** Aborted by Ctrl-C or SIGTERM. */
  readonly stop: AbortSignal
}

/** Runs the program. @returns the exit code: 0 success, 1 failure, 2 wrong usage, 3 `--once` could not read everything */
export async function main(argv: readonly string[], host: Host): Promise<number> {
  try {
    const options = parseOptions(argv)
    if (options.flag('help')) host.stdout.write(helpText())
    else if (options.flag('version')) host.stdout.write(`${version()}\n`)
    else return await scrape(options, host)
    return 0
  } catch (error) {
    // The program was stopped while it was still opening, for instance waiting for Redis.
    if (host.stop.aborted && error === host.stop.reason) return 0
    if (!(error instanceof ScraperError)) throw error
    host.stderr.write(`jvc-scraper: ${error.message}\n`)
    return error.code === 'unknown-option' || error.code === 'bad-option' ? 2 : 1
  }
}

/** Functions that close resources; they run in reverse order, also when a later resource fails to open. */
type Closers = (() => Promise<unknown>)[]

async function scrape(options: Options, host: Host): Promise<number> {
  if (options.isGiven('forum') && options.flag('simulate')) {
    throw new ScraperError('bad-option', '--forum and --simulate name two forums. Give one of them.')
  }
  const logger = loggerOf(options, host)
  const closers: Closers = []
  try {
    const simulator = options.flag('simulate') ? await simulatorOf(options, closers) : undefined
    if (simulator !== undefined) logger.info({ url: simulator.url }, 'a simulated forum is running')
    if (options.isGiven('output')) return await exportTo(options, host, logger, simulator?.forumUrl)
    const { scraper, settings } = await scraperOf(options, host, logger, simulator?.forumUrl, closers)
    await healthOf(options, scraper, logger, closers)
    logger.info({ forum: settings.forum, from: settings.from }, `the feed is on ${settings.host}:${scraper.port}`)
    return await crawl(scraper, options, host, logger)
  } finally {
    for (const close of closers.reverse()) await close()
  }
}

/** Writes the posts to standard output instead of serving them. */
async function exportTo(options: Options, host: Host, logger: Logger, forum: string | undefined): Promise<number> {
  const { settings, exported } = exportSettingsOf(options, forum)
  const identity = await identityOf(host.env)
  const ports = { bookmarks: new MemoryBookmarks(), identity, clock: systemClock, random: Math.random, logger }
  const complete = await exportPosts(settings, ports, exported, { out: host.stdout, stop: host.stop })
  return complete || host.stop.aborted ? 0 : 3
}

async function crawl(scraper: Scraper, options: Options, host: Host, logger: Logger): Promise<number> {
  const closing = new Promise<void>((resolve) => {
    const stop = (): void => {
      logger.info({}, 'stopping')
      resolve(scraper.close())
    }
    if (host.stop.aborted) stop()
    else host.stop.addEventListener('abort', stop, { once: true })
  })
  const progress = setInterval(() => report(scraper, logger), options.flag('once') ? 2000 : 30_000)
  try {
    const complete = options.flag('once') ? await scraper.runOnce() : await scraper.run().then(() => true)
    if (host.stop.aborted) await closing
    report(scraper, logger)
    return complete || host.stop.aborted ? 0 : 3
  } finally {
    clearInterval(progress)
  }
}

function report(scraper: Scraper, logger: Logger): void {
  const shown = Object.entries(scraper.counters.toJSON()).filter(([, n]) => n > 0)
  logger.info({ ...Object.fromEntries(shown), left: timeLeft(scraper.remainingMs()) }, 'so far')
}

function loggerOf(options: Options, { stderr }: Host): Logger {
  const level = options.text('log-level') ?? 'info'
  const short = options.text('log-format') !== 'json'
  const stream = { write: (line: string) => void stderr.write(short ? shortLine(line) : line) }
  return pino({ level, base: null }, stream)
}

async function simulatorOf(options: Options, closers: Closers): Promise<Simulator> {
  const port = options.number('simulator-port') ?? 0
  const total = options.number('total')
  try {
    const simulator = await startSimulator({
      port,
      seed: options.number('seed') ?? 1,
      rate: options.number('rate') ?? 20,
      topics: options.number('topics') ?? 30,
      faults: options.text('faults') ?? 'none',
      keepTruth: options.flag('keep-truth'),
      ...(total === undefined ? {} : { total }),
    })
    closers.push(() => simulator.close())
    return simulator
  } catch (cause) {
    if (cause instanceof FaultError) throw new ScraperError('bad-option', `--faults: ${cause.message}`, { cause })
    if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cause
    const message = `Port ${port}, for the simulated forum, is in use. Choose another with --simulator-port, or 0 for any.`
    throw new ScraperError('port-in-use', message, { cause })
  }
}

async function scraperOf(options: Options, host: Host, logger: Logger, forum: string | undefined, closers: Closers) {
  const settings = settingsOf(options, forum)
  const stores = storesOf(options, host.env)
  const identity = await identityOf(host.env)
  const { bookmarks, logStore, close } = await openStores(stores, settings, host, logger)
  closers.push(close)
  const ports = { bookmarks, logStore, identity, clock: systemClock, random: Math.random, logger }
  const scraper = await Scraper.open(settings, ports)
  closers.push(() => scraper.close())
  return { scraper, settings }
}

/** Opens the health page. Without `--health-port` the page is optional: a taken port only logs a warning. */
async function healthOf(options: Options, scraper: Scraper, logger: Logger, closers: Closers): Promise<void> {
  const given = options.number('health-port')
  try {
    const health = await HealthServer.listen(given ?? (options.number('port') === 0 ? 0 : scraper.port + 1), () =>
      scraper.health(),
    )
    closers.push(() => health.close())
    logger.info({}, `health: http://127.0.0.1:${health.port}/health`)
  } catch (error) {
    if (given !== undefined) throw error
    logger.warn({}, `no health page: ${messageOf(error)}`)
  }
}

function version(): string {
  const manifest = createRequire(import.meta.url)('../package.json') as { version: string }
  return manifest.version
}
