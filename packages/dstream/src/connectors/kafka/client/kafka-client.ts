import type { Broker, Connection } from '@platformatic/kafka'
import { DStreamError } from '../../../base/errors/base.js'
import { kafkaAway, kafkaRefused, kafkaTooOld } from '../../../base/errors/kafka.js'
import { apiFor, versionsOf, type Answer, type ApiName, type Arguments, type VersionRange } from './apis.js'
import { isPassing, isUnanswered, reasonOf } from './failures.js'
import type { Library } from './library.js'
import { connectionOptions, type ClientSettings } from './settings.js'

interface Link {
  readonly connection: Connection
  readonly versions: ReadonlyMap<string, VersionRange>
}

/** The node that any request about the cluster may go to. */
export const ANY = -1

/**
 * Sends requests to the brokers of a cluster, each over one connection that is made when it is needed. Every request is sent
 * once: the caller knows whether it may be sent again.
 */
export class KafkaClient {
  readonly library: Library
  readonly #settings: ClientSettings
  readonly #links = new Map<string, Promise<Link>>()
  readonly #connections = new Set<Connection>()
  #nodes = new Map<number, Broker>()
  #isClosed = false

  constructor(library: Library, settings: ClientSettings) {
    this.library = library
    this.#settings = settings
  }

  /** The addresses that the user gave, for messages. */
  get where(): string {
    return this.#settings.brokers.map(({ host, port }) => `${host}:${port}`).join(', ')
  }

  /** Takes the addresses of the brokers from an answer about the cluster. */
  know(brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[]): void {
    this.#nodes = new Map(brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]))
  }

  /** Takes the address of one broker. */
  meet({ nodeId, host, port }: { readonly nodeId: number; readonly host: string; readonly port: number }): void {
    this.#nodes.set(nodeId, { host, port })
  }

  /**
   * Sends a request to a broker.
   *
   * @param what the purpose, for messages: `read orders-3`
   * @throws `kafka-away` when it may succeed later, else `kafka-refused`; the cause is the error of the client
   */
  async call<N extends ApiName>(what: string, node: number, name: N, ...args: Arguments<N>): Promise<Answer<N>> {
    try {
      return await this.#send(node, name, args)
    } catch (error) {
      if (error instanceof DStreamError) throw error
      throw (isPassing(error) ? kafkaAway : kafkaRefused)(what, this.where, reasonOf(error), error)
    }
  }

  /** Returns the error for an answer that says no more than that the cluster is not ready. */
  away(what: string, reason: string, cause?: unknown): DStreamError {
    return kafkaAway(what, this.where, reason, cause)
  }

  close(): void {
    this.#isClosed = true
    this.#links.clear()
    for (const connection of this.#connections) drop(connection)
  }

  async #send<N extends ApiName>(node: number, name: N, args: Arguments<N>): Promise<Answer<N>> {
    const { connection, versions } = await this.#linkTo(node)
    const range = versions.get(name)
    const api = range && apiFor(this.library, name, range)
    if (api === undefined) {
      const found = range === undefined ? 'no version' : `the versions ${range.minVersion} to ${range.maxVersion}`
      throw kafkaTooOld(name, this.where, found, versionsOf(name))
    }
    const send = api.async as unknown as (connection: Connection, ...args: Arguments<N>) => Promise<Answer<N>>
    try {
      return await send(connection, ...args)
    } catch (error) {
      if (isUnanswered(error)) drop(connection)
      throw error
    }
  }

  async #linkTo(node: number): Promise<Link> {
    const known = this.#nodes.get(node)
    if (known !== undefined) return this.#link(known)
    if (node !== ANY) throw new this.library.NetworkError(`Broker ${node} is not in the cluster now`)
    const addresses = [...this.#nodes.values(), ...this.#settings.brokers]
    let last: unknown
    for (const address of addresses) {
      try {
        return await this.#link(address)
      } catch (error) {
        // Another broker would say the same about a password.
        if (!isPassing(error)) throw error
        last = error
      }
    }
    throw last
  }

  #link({ host, port }: Broker): Promise<Link> {
    const name = `${host}:${port}`
    const known = this.#links.get(name)
    if (known !== undefined) return known
    const link = this.#connect(host, port, () => {
      if (this.#links.get(name) === link) this.#links.delete(name)
    })
    this.#links.set(name, link)
    link.catch(() => this.#links.get(name) === link && this.#links.delete(name))
    return link
  }

  async #connect(host: string, port: number, closed: () => void): Promise<Link> {
    const { library } = this
    if (this.#isClosed) throw new library.NetworkError('The client is closed')
    const connection = new library.Connection(this.#settings.clientId, connectionOptions(this.#settings, host))
    this.#connections.add(connection)
    // An error event without a listener would end the process; the promises below tell of the same error.
    connection.on('error', () => undefined)
    connection.on('close', () => {
      this.#connections.delete(connection)
      closed()
    })
    try {
      await connection.connect(host, port)
      const { apiKeys } = await library.apiVersionsV3.api.async(connection, 'dstream', '1')
      return { connection, versions: new Map(apiKeys.map((api) => [api.name, api])) }
    } catch (error) {
      this.#connections.delete(connection)
      drop(connection)
      throw error
    }
  }
}

/** Ends a connection at once. A graceful close would wait for the server to take what is still to be sent. */
function drop(connection: Connection): void {
  connection.socket?.destroy()
}
