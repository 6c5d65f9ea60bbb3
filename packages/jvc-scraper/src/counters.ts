/** All counters, in the order in which a post meets them. Counters only grow. */
const NAMES = [
  'requests',
  'retries',
  'challenges',
  'rateLimited',
  'unavailable',
  'networkErrors',
  'lists',
  'topicsChanged',
  'visits',
  'visitsFailed',
  'pages',
  'pagesUnreadable',
  'pagesFromMarkup',
  'topicsLeft',
  'redirects',
  'postsUnreadable',
  'gaps',
  'posts',
  'bookmarkErrors',
  'logErrors',
  'clients',
  'clientsRefused',
  'clientsDropped',
  'linesSent',
  'linesDropped',
  'resumes',
  'resumeGaps',
] as const

export type CounterName = (typeof NAMES)[number]

/** The counts of the scraper's work since its start. */
export class Counters {
  readonly #values = new Map<CounterName, number>(NAMES.map((name) => [name, 0]))

  add(name: CounterName, n = 1): void {
    this.#values.set(name, this.get(name) + n)
  }

  get(name: CounterName): number {
    return this.#values.get(name) ?? 0
  }

  toJSON(): Record<CounterName, number> {
    return Object.fromEntries(this.#values) as Record<CounterName, number>
  }
}
