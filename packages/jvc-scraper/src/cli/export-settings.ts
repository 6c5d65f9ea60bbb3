import { ScraperError } from '../errors.js'
import { formatAddress, parseAddress } from '../parse/index.js'
import type { ScraperSettings } from '../scraper.js'
import { parseSpan } from './date-range.js'
import type { ExportOptions } from './export.js'
import type { OptionName, Options } from './options.js'
import type { OutputFormat } from './post-writer.js'
import { settingsOf } from './settings.js'

const STORE_OPTIONS: readonly OptionName[] = ['bookmarks', 'feed-log', 'data']
/** The pages of a topic that are read to get back to `--since`, without `--max-pages-back`. */
const MAX_PAGES_BACK = 10_000

/**
 * Returns the settings of an export and its own options. An export reads everything, or everything from `--since` on.
 *
 * @param forum the simulated forum's address, with `--simulate`
 * @throws ScraperError `bad-option`
 */
export function exportSettingsOf(
  options: Options,
  forum: string | undefined,
): { readonly settings: ScraperSettings; readonly exported: ExportOptions } {
  for (const name of STORE_OPTIONS) {
    if (options.isGiven(name)) refuse(`--${name} is for the feed, and --output opens none. Leave one of them out.`)
  }
  const [since, until] = [spanOf(options, 'since')?.from, spanOf(options, 'until')?.to]
  if (since !== undefined && options.isGiven('from')) refuse('--since says where to begin. Leave out --from.')
  if (since !== undefined && until !== undefined && until <= since) {
    refuse(`--until lies before --since; got ${options.text('until')} and ${options.text('since')}`)
  }
  const { list, topic } = topicOf(options, forum)
  const common = settingsOf(options, list ?? forum)
  const from = since !== undefined ? 'now' : options.isGiven('from') ? common.from : 'start'
  const maxPagesBack = options.isGiven('max-pages-back') ? common.maxPagesBack : MAX_PAGES_BACK
  const settings = { ...common, from, maxPagesBack: since === undefined ? common.maxPagesBack : maxPagesBack } as const
  return {
    settings: { ...settings, expiryMs: Infinity },
    exported: { format: options.text('output') as OutputFormat, since, until, topic },
  }
}

function spanOf(options: Options, name: OptionName): ReturnType<typeof parseSpan> {
  const text = options.text(name)
  return text === undefined ? undefined : parseSpan(text)
}

/** Returns the path of the topic and the address of its forum's list. */
function topicOf(options: Options, simulated: string | undefined): { list?: string; topic?: string } {
  const given = options.text('topic')
  if (given === undefined) return {}
  if (options.isGiven('forum')) refuse('--topic and --forum both say what to read. Give one of them.')
  const url = URL.canParse(given) ? new URL(given) : undefined
  const address = parseAddress(url?.pathname)
  if (url === undefined || !/^https?:$/.test(url.protocol) || address?.kind !== 'topic') {
    const example = 'https://www.jeuxvideo.com/forums/42-51-76094343-1-0-1-0-item.htm'
    refuse(`--topic must be the address of a topic, such as ${example}; got ${JSON.stringify(given)}`)
  }
  if (simulated !== undefined && new URL(simulated).origin !== url.origin) {
    refuse('--topic and --simulate name two forums. Give one of them.')
  }
  const list = formatAddress({ ...address, kind: 'list', mode: '0', topicId: '0', page: 1 })
  return { list: url.origin + list, topic: formatAddress(address) }
}

function refuse(message: string): never {
  throw new ScraperError('bad-option', message)
}
