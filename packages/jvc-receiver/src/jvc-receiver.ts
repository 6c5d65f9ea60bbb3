import { connect } from 'node:net'
import { Receiver, type Codec } from 'dstream'
import { systemClock } from './feed/clock.js'
import { FeedClient } from './feed-client.js'
import { OLDEST } from './feed/cursor.js'
import { postCodec } from './feed/post-codec.js'
import type { Post } from './feed/post.js'
import { fieldsCodec } from './fields-codec.js'
import { settingsOf, type JvcReceiverOptions, type Settings } from './options.js'

/**
 * Receives the posts of the scraper's feed.
 *
 * The receiver hands over blocks of bytes that end at a line end, and reconnects with growing pauses when the feed is
 * down. Lines that hold no post are reported, counted and left out.
 *
 * Guarantees: with a scraper whose log survives (a file or Redis) and a checkpoint directory, every post of the log
 * arrives exactly once over restarts of either side, because each block is stored with its cursor and the feed resumes
 * after the last one. A log that no longer reaches back is reported as a gap. Without cursors: at most once.
 *
 * @example
 * const posts = ssc.receiverStream(new JvcReceiver({ host: 'localhost', port: 6667 }))
 * posts.map((post) => post.auteur).print()
 *
 * @example
 * // A job that reads two fields decodes no others.
 * const posts = ssc.receiverStream(new JvcReceiver({ fields: ['auteur', 'message'] }))
 * posts.map((post) => post.auteur).print()
 */
export class JvcReceiver<K extends keyof Post = keyof Post> extends Receiver<Pick<Post, K>> {
  /** The codecs that decode blocks journalled by an earlier run. */
  override readonly codecs: readonly [Codec<Pick<Post, K>>]
  readonly #settings: Settings
  #client: FeedClient | undefined
  /** The cursor of the last block of this run; newer than `position`, which the engine found at its start. */
  #cursor: string | undefined

  /** @throws FeedError `feed-option` for an unknown option or a value out of range */
  constructor(options: JvcReceiverOptions<K> = {}) {
    super(options.maxRate === undefined ? {} : { maxRate: options.maxRate })
    this.#settings = settingsOf(options)
    this.codecs = [options.fields === undefined ? postCodec : fieldsCodec(options.fields)]
  }

  override onStart(): void {
    const { host, port, maxLineBytes, reconnect, resume } = this.#settings
    this.#client = new FeedClient({
      clock: systemClock,
      random: Math.random,
      // A peer that died without a word is noticed by keep-alive probes; the feed itself has no heartbeat.
      connect: () => connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 10_000 }),
      address: `${host}:${port}`,
      maxLineBytes,
      reconnect,
      resumeFrom: () => (resume ? (this.#cursor ?? this.#storedCursor() ?? OLDEST) : undefined),
      report: (message, error) => this.reportError(message, error),
      store: (block, cursor) => this.#store(block, cursor),
    })
    this.#client.start()
  }

  override async onStop(): Promise<void> {
    await this.#client?.stop()
    this.#client = undefined
  }

  async #store(block: Buffer, cursor: string | undefined): Promise<void> {
    const position = cursor ?? this.#cursor ?? this.#storedCursor()
    await this.storeBytes(block, this.codecs[0], position === undefined ? {} : { position })
    this.#cursor = position
    // Over the bound the connection waits here, its socket is paused, and TCP slows the server.
    await this.ready()
  }

  #storedCursor(): string | undefined {
    return typeof this.position === 'string' ? this.position : undefined
  }
}
