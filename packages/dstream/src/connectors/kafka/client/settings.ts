import { isIP } from 'node:net'
import type { ConnectionOptions as TlsOptions } from 'node:tls'
import type { Broker, ConnectionOptions } from '@platformatic/kafka'
import { badOption } from '../../../base/errors/options.js'
import { aString, checkOptions } from '../../../base/options.js'
import { checkPositiveDuration, Seconds, type Duration } from '../../../base/time/duration.js'

/** A value, or a function that is asked for it at every connection. */
export type Credential<T = string> = T | (() => T | Promise<T>)

/** The way to authenticate with SASL. */
export interface SaslOptions {
  readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512' | 'OAUTHBEARER'
  readonly username?: Credential | undefined
  readonly password?: Credential | undefined
  /** The token of OAUTHBEARER. */
  readonly token?: Credential | undefined
  readonly oauthBearerExtensions?: Credential<Readonly<Record<string, string>>> | undefined
}

/** The options by which every stream, RDD and sink of Kafka reaches its cluster. */
export interface KafkaConnectionOptions {
  /** The addresses of some brokers of the cluster, `host:port`; the port is 9092 where it is left out. */
  readonly brokers: string | readonly string[]
  /** The name of the client in the logs of the broker; default `dstream`. */
  readonly clientId?: string | undefined
  /** The options of `tls.connect` of Node; `true` stands for none of them. Default: no TLS. */
  readonly tls?: true | TlsOptions | undefined
  /** Mechanism and credentials: `{ mechanism: 'PLAIN', username, password }`. Default: none. */
  readonly sasl?: SaslOptions | undefined
  /** The time for a connection to be made; default 5 s. */
  readonly connectTimeout?: Duration | undefined
  /** The time for the answer to a request; default 30 s. */
  readonly requestTimeout?: Duration | undefined
}

export const connectionOptionNames = [
  'brokers',
  'clientId',
  'tls',
  'sasl',
  'connectTimeout',
  'requestTimeout',
] as const satisfies readonly (keyof KafkaConnectionOptions)[]

export interface ClientSettings {
  readonly brokers: readonly Broker[]
  readonly clientId: string
  readonly connection: ConnectionOptions
}

/** Checks the options, and returns those of the client. @throws `bad-option` */
export function clientSettings(where: string, options: KafkaConnectionOptions): ClientSettings {
  const { brokers, clientId = 'dstream', tls, sasl } = options
  const list: readonly string[] = typeof brokers === 'string' ? brokers.split(',') : brokers
  if (!Array.isArray(list) || list.length === 0) throw badOption(where, 'brokers', "addresses, ['host:9092']", brokers)
  if (tls !== undefined && tls !== true && (typeof tls !== 'object' || tls === null)) {
    throw badOption(where, 'tls', 'true, or the options of tls.connect', tls)
  }
  if (sasl !== undefined) checkSasl(where, sasl)
  const { connectTimeout = Seconds(5), requestTimeout = Seconds(30) } = options
  return {
    brokers: list.map((address) => brokerOf(where, address)),
    clientId: aString(where, 'clientId', clientId),
    connection: {
      maxInflights: 16,
      connectTimeout: checkPositiveDuration(`${where}: connectTimeout`, connectTimeout).milliseconds,
      requestTimeout: checkPositiveDuration(`${where}: requestTimeout`, requestTimeout).milliseconds,
      ...(tls === undefined ? {} : { tls: tls === true ? {} : tls }),
      ...(sasl === undefined ? {} : { sasl: sasl as NonNullable<ConnectionOptions['sasl']> }),
    },
  }
}

/** Returns the options for one broker: the handshake of TLS has its name, and never an address. */
export function connectionOptions({ connection }: ClientSettings, host: string): ConnectionOptions {
  return connection.tls === undefined || isIP(host) !== 0 ? connection : { ...connection, tlsServerName: host }
}

const MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'] as const

/** Checks the way to authenticate, without showing any of it in an error. */
function checkSasl(where: string, sasl: SaslOptions): void {
  checkOptions(`${where}: sasl`, sasl, ['mechanism', 'username', 'password', 'token', 'oauthBearerExtensions'])
  const { mechanism, username, password, token } = sasl
  if (!MECHANISMS.includes(mechanism)) {
    throw badOption(where, 'sasl.mechanism', MECHANISMS.map((name) => `'${name}'`).join(', '), mechanism)
  }
  const needed = mechanism === 'OAUTHBEARER' ? { token } : { username, password }
  for (const [name, value] of Object.entries(needed)) {
    const isGiven = (typeof value === 'string' && value !== '') || typeof value === 'function'
    if (!isGiven) throw badOption(where, `sasl.${name}`, 'a string or a function that returns one', typeof value)
  }
}

const DEFAULT_PORT = 9092

function brokerOf(where: string, address: unknown): Broker {
  // The host may be an IPv6 address in brackets.
  const [, v6, name, digits] =
    typeof address === 'string' ? (/^(?:\[(.+)\]|([^:/\s]+))(?::(\d+))?$/.exec(address.trim()) ?? []) : []
  const host = v6 ?? name
  const port = digits === undefined ? DEFAULT_PORT : Number(digits)
  if (host !== undefined && port > 0 && port < 65_536) return { host, port }
  throw badOption(where, 'brokers', "addresses like 'host:9092'", address)
}
