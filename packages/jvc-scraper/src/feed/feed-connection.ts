import type { Socket } from 'node:net'
import { LineSplitter, decodeResume, encodeGap, printable, withCursor } from 'jvc-receiver/feed'
import type { Clock } from '../clock.js'
import type { Counters } from '../counters.js'
import type { Logger } from '../logger.js'
import { cursorAfter, resumeAt } from './feed-cursor.js'
import type { FeedLog } from './feed-log.js'

/** What is written to a socket at once, and so the most that waits in this process for one client (twice this). */
const SLICE_BYTES = 64 * 1024
/** How long a new client may take to ask for a resumption before it gets posts without cursors. */
const HELLO_MS = 250
/** The longest line a client may send. */
const MAX_REQUEST_BYTES = 4096

/** What happens to a client without cursors that falls behind the beginning of the log. */
export type SlowClientPolicy = 'drop-oldest' | 'disconnect'

export interface ConnectionPorts {
  readonly clock: Clock
  readonly counters: Counters
  readonly logger: Logger
  readonly slowClients: SlowClientPolicy
  /** A client that takes nothing for this long while posts wait for it is closed, in milliseconds. */
  readonly stallMs: number
}

/**
 * One client of the feed: its place in the log, and a socket that is never given more than it takes. What it has not
 * taken yet stays in the log, which it shares with all others, so that no client costs memory or slows another.
 */
export class FeedConnection {
  readonly #socket: Socket
  readonly #log: FeedLog
  readonly #ports: ConnectionPorts
  readonly #requests = new LineSplitter({ maxLineBytes: MAX_REQUEST_BYTES })
  readonly #hello: { cancel(): void }
  #stall: { cancel(): void } | undefined
  #position: number
  #live = false
  #cursors = false
  #blocked = false
  /** The client has closed its sending side: it may be gone, or be an `nc` that only reads. */
  halfClosed = false

  constructor(socket: Socket, log: FeedLog, ports: ConnectionPorts) {
    this.#socket = socket
    this.#log = log
    this.#ports = ports
    this.#position = log.next
    this.#hello = ports.clock.setTimer(ports.clock.now() + HELLO_MS, () => this.#goLive())
    socket.on('data', (chunk: Buffer) => this.#onRequest(chunk))
    socket.on('end', () => this.#onEnd())
    socket.on('drain', () => this.#onDrain())
    socket.on('error', (error) => ports.logger.debug({ client: this.name, error: error.message }, 'client failed'))
    socket.on('close', () => this.#onClose())
  }

  get name(): string {
    return `${this.#socket.remoteAddress ?? 'gone'}:${this.#socket.remotePort ?? 0}`
  }

  /** How many posts wait for this client. */
  get lag(): number {
    return this.#log.next - this.#position
  }

  /** Sends what the client has not had yet, as far as it takes it. */
  pump(): void {
    while (this.#live && !this.#blocked && !this.#socket.destroyed) {
      if (this.#position < this.#log.oldest && !this.#catchUp()) return
      const entries = this.#log.read(this.#position, SLICE_BYTES)
      if (entries.length === 0) return
      const lines = this.#cursors
        ? entries.map(({ line, seq }) => withCursor(line, cursorAfter(this.#log.id, seq)))
        : entries.map(({ line }) => line)
      this.#position += entries.length
      this.#ports.counters.add('linesSent', entries.length)
      this.#write(`${lines.join('\n')}\n`)
    }
  }

  /** What was written still goes out, then the connection ends. */
  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #write(text: string): void {
    if (this.#socket.write(text)) return
    this.#blocked = true
    const { clock, stallMs } = this.#ports
    this.#stall = clock.setTimer(clock.now() + stallMs, () => this.#drop(`took nothing for ${stallMs / 1000} s`))
  }

  #onDrain(): void {
    this.#stall?.cancel()
    this.#blocked = false
    this.pump()
  }

  /** The log has forgotten what this client still needs. */
  #catchUp(): boolean {
    if (this.#cursors || this.#ports.slowClients === 'disconnect') {
      // A client with a cursor comes back with it, and is then told of the gap.
      this.#drop('fell behind the beginning of the log')
      return false
    }
    const missed = this.#log.oldest - this.#position
    this.#ports.counters.add('linesDropped', missed)
    this.#ports.logger.warn({ client: this.name, missed }, 'a client is too slow and has missed posts')
    this.#position = this.#log.oldest
    return true
  }

  #drop(why: string): void {
    this.#ports.counters.add('clientsDropped')
    this.#ports.logger.warn({ client: this.name, why }, 'client closed')
    this.#socket.destroy()
  }

  #goLive(): void {
    this.#hello.cancel()
    this.#live = true
    this.pump()
  }

  /** Anything but a resume line is passed over: people type into `nc`. */
  #onRequest(chunk: Buffer): void {
    for (const line of this.#requests.push(chunk)) {
      const cursor = decodeResume(line)
      if (cursor !== undefined) this.#resume(cursor)
    }
  }

  #resume(cursor: string): void {
    const { from, gap } = resumeAt(this.#log, cursor)
    const { counters, logger } = this.#ports
    counters.add('resumes')
    logger.debug({ client: this.name, cursor: printable(cursor), from }, 'client resumes')
    this.#cursors = true
    this.#position = from
    if (gap !== undefined) {
      counters.add('resumeGaps')
      logger.warn(
        { client: this.name, asked: printable(gap.asked), why: gap.reason },
        'a client cannot go on where it was',
      )
      this.#write(encodeGap(gap))
    }
    this.#goLive()
  }

  /** A receiver that has closed its side has left; others are found out when they do not take the next post. */
  #onEnd(): void {
    this.halfClosed = true
    if (this.#cursors) this.#socket.destroy()
  }

  #onClose(): void {
    this.#hello.cancel()
    this.#stall?.cancel()
    this.#live = false
  }
}
