/** The scraper as a library; the command line is `jvc-scraper`, the simulated forum is `jvc-scraper/simulator`. */
export { Scraper, type ScraperPorts, type ScraperSettings } from './scraper.js'

// ── stores
export type { Bookmarks } from './bookmarks/bookmarks.js'
export { FileBookmarks, type FileBookmarksOptions } from './bookmarks/file-bookmarks.js'
export { MemoryBookmarks } from './bookmarks/memory-bookmarks.js'
export type { LogEntry, LogStore, StoredLog } from './feed/log-store.js'
export { FileLogStore, type FileLogStoreOptions } from './feed/file-log-store.js'
export { MemoryLogStore } from './feed/memory-log-store.js'

// ── errors, counters, clock, parsers
export { ScraperError, type ScraperErrorCode } from './errors.js'
export { Counters, type CounterName } from './counters.js'
export { systemClock, type Clock } from './clock.js'
export type { Logger } from './logger.js'
export { parseTopicList, parseTopicPage, type TopicListPage, type TopicPage } from './parse/index.js'
