import type { Writable } from 'node:stream'
import { buildCrawl } from '../build-crawl.js'
import { PostWriter, type PostWriterOptions } from './post-writer.js'
import { Counters } from '../counters.js'
import { siteOf } from '../fetch/site.js'
import { timeLeft } from './time-left.js'
import type { ScraperPorts, ScraperSettings } from '../scraper.js'

/** The key among the bookmarks for the date from which `--from now` reads; no topic has this id. */
const ORIGIN = '0'
const PROGRESS_MS = 2000

export interface ExportOptions extends PostWriterOptions {
  /** The path of the only topic to read. */
  readonly topic?: string | undefined
}

/**
 * Crawls once and writes the posts to a stream; no feed is opened. Progress is logged every two seconds.
 *
 * @param stop ends the crawl
 * @returns whether everything could be read
 */
export async function exportPosts(
  settings: ScraperSettings,
  ports: Omit<ScraperPorts, 'logStore'>,
  options: ExportOptions,
  { out, stop }: { readonly out: Writable; readonly stop: AbortSignal },
): Promise<boolean> {
  const { clock, logger, bookmarks } = ports
  const counters = new Counters()
  const log = new PostWriter(out, options, () => crawler.stop())
  const target = { site: siteOf(settings.forum), topic: options.topic, log, counters }
  const { crawler, http, frontier } = buildCrawl(settings, ports, target)
  const onStop = (): void => crawler.stop()
  stop.addEventListener('abort', onStop, { once: true })
  if (stop.aborted) onStop()
  const report = (message: string): void => {
    const { pages, visits, topicsLeft, gaps } = counters.toJSON()
    const waiting = frontier.waiting + frontier.visiting
    const left = waiting === 0 ? undefined : timeLeft(crawler.remainingMs())
    logger.info({ posts: log.written, pages, topics: visits, waiting, topicsLeft, gaps, left }, message)
  }
  let timer = clock.setTimer(clock.now() + PROGRESS_MS, function tick() {
    report('reading')
    timer = clock.setTimer(clock.now() + PROGRESS_MS, tick)
  })
  try {
    if (options.since !== undefined) await bookmarks.advance(ORIGIN, String(options.since))
    const complete = await crawler.runOnce()
    await log.end()
    const isAll = counters.get('topicsLeft') === 0
    if (!complete) report('not everything was read')
    else report(isAll ? 'everything was read' : 'everything was read but the topics that were given up')
    return log.gone || (complete && counters.get('gaps') === 0)
  } finally {
    timer.cancel()
    stop.removeEventListener('abort', onStop)
    await http.close()
    await bookmarks.close()
  }
}
