import type { Socket } from 'node:net'
import type { Clock } from './feed/clock.js'
import { backOffMs, type BackOffOptions } from './feed/back-off.js'
import { FeedSession, type SessionPorts } from './feed-session.js'

/** The means that a client takes from outside. */
export interface ClientPorts extends SessionPorts {
  readonly clock: Clock
  /** Opens a connection; called once per attempt. */
  readonly connect: () => Socket
  /** In [0, 1). */
  readonly random: () => number
  /** Returns the cursor to resume from at the next connection; undefined takes the lines as they come. */
  readonly resumeFrom: () => string | undefined
  /** The feed's address, for messages. */
  readonly address: string
  readonly reconnect: BackOffOptions
}

/** The longest time for making a connection, in milliseconds. */
const CONNECT_MS = 10_000

/** Stays connected to the feed until it is stopped: after each end it pauses, longer each time, and reconnects. */
export class FeedClient {
  readonly #ports: ClientPorts
  #session: FeedSession | undefined
  #stopped = false
  #wake: () => void = () => {}
  #running: Promise<void> | undefined

  constructor(ports: ClientPorts) {
    this.#ports = ports
  }

  /** Returns at once; calls after the first do nothing. */
  start(): void {
    this.#running ??= this.#run()
  }

  /** Settles when the connection is closed and everything received is stored. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#wake()
    await this.#session?.stop()
    await this.#running
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#stopped;) {
      const { reason, error, useful } = await this.#connectOnce()
      if (this.#stopped) return
      failures = useful ? 1 : failures + 1
      const pauseMs = backOffMs(failures, this.#ports.reconnect, this.#ports.random())
      const wait = `Trying again in ${(pauseMs / 1000).toFixed(1)} s (attempt ${failures}).`
      this.#ports.report(`The feed at ${this.#ports.address} ${reason}. ${wait}`, error)
      await this.#pause(pauseMs)
    }
  }

  async #connectOnce(): Promise<Awaited<FeedSession['ended']>> {
    const { clock } = this.#ports
    const socket = this.#ports.connect()
    const timer = clock.setTimer(clock.now() + CONNECT_MS, () =>
      socket.destroy(new Error(`no connection within ${CONNECT_MS / 1000} s`)),
    )
    socket.once('connect', () => timer.cancel())
    socket.once('close', () => timer.cancel())
    this.#session = new FeedSession(socket, this.#ports, this.#ports.resumeFrom())
    const end = await this.#session.ended
    this.#session = undefined
    return end
  }

  async #pause(ms: number): Promise<void> {
    const { clock } = this.#ports
    await new Promise<void>((resolve) => {
      const timer = clock.setTimer(clock.now() + ms, resolve)
      this.#wake = () => {
        timer.cancel()
        resolve()
      }
    })
  }
}
