import type { Batch, Message, Panel } from './messages.js'

/** A batch, with the run of the server that it belongs to. */
export interface KnownBatch extends Batch {
  readonly run: number
}

const RETAINED = 1000
const AGAIN_MS = 2000

/** Holds what the page shows, and follows the server. */
export class Store {
  job: Message | undefined
  /** Oldest first, of this run and of earlier ones that the page has seen. */
  batches: readonly KnownBatch[] = []
  panels: readonly Panel[] = []
  /** Since when nothing comes from the server; `undefined` while it does. */
  lostSince: number | undefined = Date.now()
  /** The time of the last restart that the page has seen. */
  restartedAt: number | undefined
  readonly #listeners = new Set<() => void>()
  #source: EventSource | undefined
  #boot: string | undefined
  #run = 0

  constructor() {
    // A browser opens six connections to a server, however many tabs there are: one that nobody sees gives its own back.
    document.addEventListener('visibilitychange', () => (document.hidden ? this.#disconnect() : this.connect()))
    addEventListener('pagehide', () => this.#disconnect())
    addEventListener('pageshow', ({ persisted }) => persisted && this.connect())
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Follows the job that the address names. */
  connect(): void {
    this.#source?.close()
    const app = new URLSearchParams(location.search).get('app')
    const source = new EventSource(app === null ? '/events' : `/events?app=${encodeURIComponent(app)}`)
    this.#source = source
    source.onmessage = ({ data }: MessageEvent<string>) => this.#take(JSON.parse(data) as Message)
    source.onopen = () => this.#setLost(undefined)
    source.onerror = () => {
      this.#setLost(this.lostSince ?? Date.now())
      // After a refusal the browser does not try again by itself.
      if (source.readyState === EventSource.CLOSED)
        setTimeout(() => this.#source === source && this.connect(), AGAIN_MS)
    }
  }

  #disconnect(): void {
    this.#source?.close()
    this.#source = undefined
  }

  /** Shows another job. */
  choose(name: string): void {
    this.job = undefined
    this.batches = []
    this.#boot = undefined
    const url = new URL(location.href)
    url.searchParams.set('app', name)
    history.replaceState(null, '', url)
    this.connect()
    this.#tell()
  }

  #take(message: Message): void {
    if (this.#boot !== undefined && this.#boot !== message.boot) {
      this.#run++
      this.restartedAt = message.startTime
      this.panels = []
    }
    this.#boot = message.boot
    const run = this.#run
    const changed = new Map(message.batches.map((batch) => [batch.t, { ...batch, run }]))
    const kept = message.full
      ? this.batches.filter((batch) => batch.run !== run && batch.status === 'COMPLETED' && !changed.has(batch.t))
      : this.batches.filter(({ t }) => !changed.has(t))
    this.batches = [...kept, ...changed.values()].sort((a, b) => a.t - b.t).slice(-RETAINED)
    const key = (panel: Panel): string => `${panel.job} ${panel.index}`
    const fresh = new Map(message.board.map((panel) => [key(panel), panel]))
    const known = new Set(this.panels.map(key))
    this.panels = message.full
      ? message.board
      : [
          ...this.panels.map((panel) => fresh.get(key(panel)) ?? panel),
          ...message.board.filter((panel) => !known.has(key(panel))),
        ]
    this.job = message
    this.lostSince = undefined
    this.#tell()
  }

  #setLost(since: number | undefined): void {
    this.lostSince = since
    this.#tell()
  }

  /** A page in the background is not drawn; it catches up when it is looked at. */
  #tell(): void {
    if (!document.hidden) for (const listener of this.#listeners) listener()
  }
}
