import { setTimeout as pause } from 'node:timers/promises'
import { DStreamError, type Logger } from 'dstream'
import type { Connections, PostgresClient } from './connection.js'
import { postgresAway, postgresRefused } from './errors.js'

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 2000

export interface LinkLimits {
  /** The longest that one transaction may take, connecting included. */
  readonly timeoutMs: number
  /** The longest that `waitFor` waits for a server that is away. */
  readonly startTimeoutMs: number
}

/** Work on a database whose connection may break at any moment. */
export class PostgresLink {
  readonly #connections: Connections
  readonly #limits: LinkLimits

  constructor(connections: Connections, limits: LinkLimits) {
    this.#connections = connections
    this.#limits = limits
  }

  get where(): string {
    return this.#connections.where
  }

  close(): Promise<void> {
    return this.#connections.close()
  }

  /**
   * Runs `work`, and again while the server is away, until the start has taken too long.
   * @throws `postgres-away`, `postgres-refused`
   */
  async waitFor<R>(what: string, work: (client: PostgresClient) => Promise<R>, logger?: Logger): Promise<R> {
    const begin = Date.now()
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      try {
        return await this.run(what, work)
      } catch (error) {
        if (!isAway(error) || Date.now() - begin + pauseMs > this.#limits.startTimeoutMs) throw error
        if (pauseMs === FIRST_PAUSE_MS) logger?.warn({ err: error }, `${error.message}. It is waited for.`)
        await pause(pauseMs)
      }
    }
  }

  /**
   * Runs `work` once, on a connection of its own. The connection is closed when anything goes wrong, since nothing is known
   * of its state then.
   *
   * @throws `postgres-away`, `postgres-refused`; DStreamErrors of `work`, and the reason of the signal
   */
  async run<R>(what: string, work: (client: PostgresClient) => Promise<R>, signal?: AbortSignal): Promise<R> {
    try {
      return await this.#onClient(work, signal)
    } catch (error) {
      if (error instanceof DStreamError || signal?.aborted === true) throw error
      throw (isPassing(error) ? postgresAway : postgresRefused)(what, this.where, error)
    }
  }

  /** Runs `work` inside a transaction, which is rolled back when `work` throws. */
  transaction<R>(what: string, work: (client: PostgresClient) => Promise<R>, signal?: AbortSignal): Promise<R> {
    return this.run(
      what,
      async (client) => {
        await client.query(beginStatement(this.#limits.timeoutMs))
        const result = await work(client)
        await client.query('COMMIT')
        return result
      },
      signal,
    )
  }

  async #onClient<R>(work: (client: PostgresClient) => Promise<R>, signal?: AbortSignal): Promise<R> {
    const { timeoutMs } = this.#limits
    signal?.throwIfAborted()
    const ended = new AbortController()
    const late = new Promise<never>((_, reject) => {
      const stop = (): void => reject(signal!.reason as Error)
      const timer = setTimeout(() => reject(new Late(timeoutMs)), timeoutMs)
      signal?.addEventListener('abort', stop, { once: true })
      ended.signal.addEventListener('abort', () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', stop)
      })
    })
    let isOver = false
    const connecting = this.#connections.pool.connect().then((client) => {
      // A connection that comes too late is given back.
      if (isOver) client.release()
      return client
    })
    try {
      const client = await Promise.race([connecting, late])
      return await withClient(client, work, late)
    } finally {
      isOver = true
      ended.abort()
    }
  }
}

class Late extends Error {
  constructor(ms: number) {
    super(`no answer within ${ms} ms`)
  }
}

async function withClient<R>(
  client: PostgresClient,
  work: (client: PostgresClient) => Promise<R>,
  late: Promise<never>,
): Promise<R> {
  // Without a listener, a connection that breaks between two statements would end the process.
  const ignore = (): void => undefined
  client.on('error', ignore)
  let failure: Error | boolean | undefined = true
  try {
    const result = await Promise.race([work(client), late])
    failure = undefined
    return result
  } catch (error) {
    failure = error instanceof Error ? error : true
    throw error
  } finally {
    client.release(failure)
    client.removeListener('error', ignore)
  }
}

/**
 * Returns the statements that begin a transaction. The server ends one whose client has gone without a word, since its locks
 * would keep the next attempt waiting for hours. A commit is on the disk before it counts, whatever the database's default:
 * the engine forgets a batch that is committed.
 */
function beginStatement(timeoutMs: number): string {
  return (
    `BEGIN; SET LOCAL statement_timeout = ${timeoutMs}; SET LOCAL idle_in_transaction_session_timeout = ${timeoutMs}; ` +
    `SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'`
  )
}

export function isAway(error: unknown): error is DStreamError {
  return error instanceof DStreamError && error.code === 'postgres-away'
}

/**
 * The SQLSTATEs of a server that starts, stops, fails over, lacks room or has chosen a transaction as the victim of a
 * deadlock: class 08 (connection), 53 (resources), 57P (shutdown), 40 (rolled back), and timeouts of locks and statements.
 */
const PASSING = /^(08...|53...|57P0[1-5]|57014|40001|40P01|55P03|25006|25P03)$/

/** The codes of an operating system that cannot reach a server. */
const UNREACHABLE =
  /^(ECONNREFUSED|ECONNRESET|ECONNABORTED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EPIPE|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|ENOENT|EACCES)$/

/** The words of `pg` for a connection that broke or was never made, which have no code. */
const BROKEN =
  /^(Connection terminated|timeout exceeded when trying to connect|Client (was closed|has encountered)|Query read timeout)/

/** Whether an error passes by itself: the server could not be reached, or could not go on. */
export function isPassing(error: unknown): boolean {
  if (error instanceof Late) return true
  if (error instanceof AggregateError) return error.errors.some(isPassing)
  const { code, message } = error as { code?: unknown; message?: unknown }
  if (typeof code !== 'string') return BROKEN.test(String(message))
  return PASSING.test(code) || UNREACHABLE.test(code)
}
