import type { Socket } from 'node:net'
import { LineSplitter, decodeResume, encodeGap, printable, withCursor } from 'jvc-receiver/feed'
import type { Clock } from '../clock.js'
import type { Counters } from '../counters.js'
import type { Logger } from '../logger.js'
import { cursorAfter, resumeAt } from './feed-cursor.js'
import type { FeedLog } from './feed-log.js'

/** The size of one write to a socket. At most twice this waits in the process for one client. */
const SLICE_BYTES = 64 * 1024
/** The time that a new client has for its resume line before it gets posts without cursors, in milliseconds. */
const HELLO_MS = 250
/** The longest line that a client may send. */
const MAX_REQUEST_BYTES = 4096
/** The part of a client's input that is examined for a resume line; further input is discarded unread. */
const MAX_INPUT_BYTES = 64 * 1024
const OPENING_BRACE = 123

/** The treatment of a client without cursors that falls behind the beginning of the log. */
export type SlowClientPolicy = 'drop-oldest' | 'disconnect'

export interface ConnectionPorts {
  readonly clock: Clock
  readonly counters: Counters
  readonly logger: Logger
  readonly slowClients: SlowClientPolicy
  /** The time after which a client that reads nothing while posts wait for it is closed, in milliseconds. */
  readonly stallMs: number
}

/**
 * One client of the feed: a position in the log, and a socket that is never given more than it takes. Posts that the
 * client has not taken yet stay in the shared log, so that no client costs memory or slows another.
 *
 * A client may resume once per connection. Its input costs a bounded amount of work, because only the first 64 KiB are
 * examined.
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
  #inputBytes = 0
  /** True when the client has closed its sending side: it may be gone, or be an `nc` that only reads. */
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

  /** The number of posts that wait for this client. */
  get lag(): number {
    return this.#log.next - this.#position
  }

  /** Sends the posts that the client has not had yet, as far as its socket accepts them. */
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

  /** Ends the connection after the pending writes. */
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

  /** Handles a client that needs posts which the log has dropped. @returns whether the client goes on */
  #catchUp(): boolean {
    if (this.#cursors || this.#ports.slowClients === 'disconnect') {
      // A client with cursors reconnects with its last one, and the answer to it announces the gap.
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

  /** Looks for a resume line. Other lines are ignored, because people type into `nc`. */
  #onRequest(chunk: Buffer): void {
    const examined = chunk.subarray(0, MAX_INPUT_BYTES - this.#inputBytes)
    this.#inputBytes += examined.length
    if (examined.length === 0) return
    for (const line of this.#requests.push(examined)) {
      const cursor = line[0] === OPENING_BRACE ? decodeResume(line) : undefined
      if (cursor !== undefined) this.#resume(cursor)
      if (this.#socket.destroyed) return
    }
  }

  #resume(cursor: string): void {
    if (this.#cursors) return this.#drop('asked to resume twice on one connection (reconnect to resume again)')
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

  /** Drops a receiver that has closed its side; other clients are dropped when they do not take the next post. */
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
