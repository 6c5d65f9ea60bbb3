import type { ServerResponse } from 'node:http'

/** A source of messages for clients that follow it from a version on. */
export interface Channel {
  /** Returns the message that leads from a version to the present one; `undefined` when nothing has changed. */
  since(version: string | undefined): { readonly text: string; readonly version: string } | undefined
}

interface Client {
  readonly response: ServerResponse
  readonly channel: Channel
  version: string | undefined
  /** The number of rounds in a row in which the client has not taken what was sent before. */
  stalled: number
  /** The rounds since anything was sent. */
  silent: number
}

/** At most four messages a second, and fewer where many clients look. */
const FASTEST_MS = 250
const MS_PER_CLIENT = 10
/** A client that takes nothing for so long is cut off; it comes back by itself. */
const STALLED_MS = 60_000
/** A silent connection is shown to be alive so often. */
const HEARTBEAT_MS = 15_000
const MOST_CLIENTS = 1000

/**
 * Sends messages to browsers as Server-Sent Events. A message is the difference between what a client has and what is there
 * now: so a slow client gets fewer and larger ones, and at most one of them waits for it in memory. Without clients there is
 * no timer.
 */
export class EventStreams {
  readonly #clients = new Set<Client>()
  #timer: NodeJS.Timeout | undefined

  get size(): number {
    return this.#clients.size
  }

  /** Whether there is room for another client. */
  get hasRoom(): boolean {
    return this.#clients.size < MOST_CLIENTS
  }

  /** Sends what there is, and then every change, until the client goes. */
  add(response: ServerResponse, channel: Channel): void {
    const client: Client = { response, channel, version: undefined, stalled: 0, silent: 0 }
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' })
    response.write('retry: 1000\n\n')
    this.#clients.add(client)
    response.once('close', () => {
      this.#clients.delete(client)
      this.#schedule()
    })
    this.#send([client])
    this.#schedule()
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    for (const { response } of this.#clients) response.end()
    this.#clients.clear()
  }

  get #paceMs(): number {
    return Math.max(FASTEST_MS, this.#clients.size * MS_PER_CLIENT)
  }

  #schedule(): void {
    if (this.#clients.size === 0) {
      clearTimeout(this.#timer)
      this.#timer = undefined
    } else {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined
        this.#send(this.#clients)
        this.#schedule()
      }, this.#paceMs).unref()
    }
  }

  #send(clients: Iterable<Client>): void {
    // Most clients have the same version: their message is made once.
    const made = new Map<Channel, Map<string | undefined, ReturnType<Channel['since']>>>()
    for (const client of clients) {
      if (client.response.writableNeedDrain) this.#stall(client)
      else this.#sendOne(client, made)
    }
  }

  #sendOne(client: Client, made: Map<Channel, Map<string | undefined, ReturnType<Channel['since']>>>): void {
    const { response, channel, version } = client
    client.stalled = 0
    const known = made.get(channel) ?? new Map<string | undefined, ReturnType<Channel['since']>>()
    made.set(channel, known)
    if (!known.has(version)) known.set(version, channel.since(version))
    const message = known.get(version)
    if (message !== undefined) {
      client.version = message.version
      client.silent = 0
      response.write(`data: ${message.text}\n\n`)
    } else if (++client.silent * this.#paceMs >= HEARTBEAT_MS) {
      client.silent = 0
      response.write(': alive\n\n')
    }
  }

  #stall(client: Client): void {
    if (++client.stalled * this.#paceMs < STALLED_MS) return
    this.#clients.delete(client)
    client.response.destroy()
  }
}
