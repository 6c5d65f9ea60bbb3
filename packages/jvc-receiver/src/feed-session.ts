import type { Socket } from 'node:net'
import type { Clock } from './feed/clock.js'
import { OLDEST, encodeResume, gapError, lastCursorOf } from './feed/cursor.js'
import { FeedError } from './feed/errors.js'
import { decodePost } from './feed/line.js'
import { LineBlocks } from './feed/line-blocks.js'
import { printable } from './feed/printable.js'
import { ResumeFilter } from './resume-filter.js'

/** The longest time for which lines are gathered into one block, in milliseconds. */
const BLOCK_MS = 50
/** The size at which a block is closed sooner. */
const BLOCK_BYTES = 1024 * 1024
/** The bound on bytes gathered while a block becomes durable. Above it the socket is paused, and TCP slows the sender. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024
/** The time for which lines without a cursor wait for the answer to a resume line, in milliseconds. */
const ANSWER_MS = 1000
const MAX_HELD_BYTES = 1024 * 1024

/** The means that a connection takes from outside. */
export interface SessionPorts {
  readonly clock: Clock
  /** Stores a block of whole lines; settles when the block is durable. */
  readonly store: (block: Buffer, cursor: string | undefined) => Promise<void>
  readonly report: (message: string, error?: unknown) => void
  readonly maxLineBytes: number
}

export interface SessionEnd {
  /** The reason of the end, as the second half of a sentence about the feed. */
  readonly reason: string
  readonly error: unknown
  /** True when lines were received. */
  readonly useful: boolean
}

type Timer = ReturnType<Clock['setTimer']> | undefined

/**
 * One connection to the feed, from connect to close. It gathers bytes into blocks that end at a line end and stores one
 * block at a time while it gathers the next. Above the bound the socket is paused, so memory stays bounded.
 */
export class FeedSession {
  /** Fulfilled when the connection is closed and everything received is stored or reported. */
  readonly ended: Promise<SessionEnd>
  readonly #socket: Socket
  readonly #ports: SessionPorts
  readonly #lines: LineBlocks
  readonly #filter: ResumeFilter
  /** True when the server has given out cursors before. */
  readonly #hasCursor: boolean
  #gathered: Uint8Array[] = []
  #gatheredBytes = 0
  #storing = false
  #closed = false
  #useful = false
  #reason = 'closed the connection'
  #error: unknown
  #blockTimer: Timer
  #answerTimer: Timer
  #end: (end: SessionEnd) => void = () => {}

  /** @param resume the cursor to resume from; undefined takes the lines as they come */
  constructor(socket: Socket, ports: SessionPorts, resume: string | undefined) {
    this.#socket = socket
    this.#ports = ports
    this.#filter = new ResumeFilter(resume !== undefined)
    this.#hasCursor = resume !== undefined && resume !== OLDEST
    this.#lines = new LineBlocks({ maxLineBytes: ports.maxLineBytes, onTooLong: (start) => this.#tooLong(start) })
    this.ended = new Promise((resolve) => (this.#end = resolve))
    socket.on('connect', () => resume !== undefined && socket.write(encodeResume(resume)))
    socket.on('data', (chunk: Buffer) => this.#onData(chunk))
    socket.on('error', (error) =>
      this.#fail(`failed: ${error.message || (error as NodeJS.ErrnoException).code}`, error),
    )
    socket.on('close', () => this.#onClose())
  }

  /** Stops reading, stores the lines that have arrived, and ends. */
  async stop(): Promise<void> {
    this.#fail('was left', undefined)
    await this.ended
  }

  /** Ends the connection for a reason; only the first reason counts. */
  #fail(reason: string, error: unknown): void {
    if (this.#closed) return
    if (this.#error === undefined) [this.#reason, this.#error] = [reason, error]
    this.#socket.destroy()
  }

  #onData(chunk: Buffer): void {
    for (const piece of this.#lines.push(chunk)) {
      this.#gathered.push(piece)
      this.#gatheredBytes += piece.length
    }
    if (this.#gatheredBytes > MAX_WAITING_BYTES) this.#socket.pause()
    if (this.#gatheredBytes >= BLOCK_BYTES) this.#flush()
    else this.#flushSoon()
  }

  #flushSoon(): void {
    if (this.#gatheredBytes === 0 || this.#blockTimer !== undefined) return
    this.#blockTimer = this.#ports.clock.setTimer(this.#ports.clock.now() + BLOCK_MS, () => this.#flush())
  }

  #flush(): void {
    this.#blockTimer?.cancel()
    this.#blockTimer = undefined
    if (this.#storing || this.#gatheredBytes === 0) return
    const block = Buffer.concat(this.#gathered)
    this.#gathered = []
    this.#gatheredBytes = 0
    const { lines, gap, late } = this.#filter.accept(block)
    if (gap !== undefined) this.#ports.report(gapError(gap).message, gapError(gap))
    if (late) this.#reportRepeat()
    if (this.#filter.heldBytes > 0) this.#awaitAnswer()
    else this.#stopAwaiting()
    this.#store(lines)
  }

  #reportRepeat(): void {
    const message = 'The feed answered the resume line late: posts received before the answer may come a second time.'
    this.#ports.report(message, new FeedError('feed-repeat', message))
  }

  #awaitAnswer(): void {
    if (this.#filter.heldBytes > MAX_HELD_BYTES) return this.#giveUpAwaiting()
    this.#answerTimer ??= this.#ports.clock.setTimer(this.#ports.clock.now() + ANSWER_MS, () => this.#giveUpAwaiting())
  }

  #stopAwaiting(): void {
    this.#answerTimer?.cancel()
    this.#answerTimer = undefined
  }

  #giveUpAwaiting(): void {
    this.#stopAwaiting()
    this.#store(this.#filter.giveUp())
  }

  #store(lines: Buffer): void {
    if (lines.length === 0) return this.#next()
    this.#useful = true
    this.#storing = true
    this.#ports.store(lines, lastCursorOf(lines)).then(
      () => {
        this.#storing = false
        this.#next()
      },
      (error: unknown) => {
        this.#storing = false
        this.#gathered = []
        this.#gatheredBytes = 0
        this.#fail(`was left because a block could not be stored: ${String(error)}`, error)
        if (this.#closed) this.#next()
      },
    )
  }

  /** Continues after a block: with the next block, or with the end of the session. */
  #next(): void {
    if (this.#storing) return
    if (this.#closed) {
      if (this.#gatheredBytes > 0) return this.#flush()
      // A server that has given out cursors sends these lines again, behind the cursor of the request.
      if (this.#filter.heldBytes > 0 && !this.#hasCursor) return this.#giveUpAwaiting()
      this.#stopAwaiting()
      return this.#end({ reason: this.#reason, error: this.#error, useful: this.#useful })
    }
    if (this.#socket.isPaused()) this.#socket.resume()
    if (this.#gatheredBytes >= BLOCK_BYTES) this.#flush()
    else this.#flushSoon()
  }

  #onClose(): void {
    this.#closed = true
    this.#blockTimer?.cancel()
    this.#blockTimer = undefined
    this.#takeLastLine()
    this.#next()
  }

  /** Takes a last line without line end when it is a whole post. Any other rest was cut off and is reported. */
  #takeLastLine(): void {
    const rest = Buffer.from(this.#lines.rest())
    if (rest.length === 0) return
    try {
      decodePost(rest)
    } catch {
      const start = printable(rest.toString('utf8', 0, 80))
      this.#ports.report(`The feed ended in the middle of a line, which is left out: "${start}"`)
      return
    }
    this.#gathered.push(rest, Buffer.from('\n'))
    this.#gatheredBytes += rest.length + 1
  }

  #tooLong(start: Uint8Array): void {
    const message =
      `A line of the feed is longer than ${this.#ports.maxLineBytes} bytes and is left out: ` +
      `"${printable(Buffer.from(start).toString('utf8'), 80)}". Raise maxLineBytes if such posts are wanted.`
    this.#ports.report(message, new FeedError('line-too-long', message))
  }
}
