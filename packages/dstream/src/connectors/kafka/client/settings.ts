import type { Broker, ConnectionOptions, SASLOptions } from '@platformatic/kafka'
import { badOption } from '../../../base/errors/options.js'
import { aString } from '../../../base/options.js'
import { checkPositiveDuration, Seconds, type Duration } from '../../../base/time/duration.js'

/** The options by which every stream, RDD and sink of Kafka reaches its cluster. */
export interface KafkaConnectionOptions {
  /** The addresses of some brokers of the cluster, `host:port`; the port is 9092 where it is left out. */
  readonly brokers: string | readonly string[]
  /** The name of the client in the logs of the broker; default `dstream`. */
  readonly clientId?: string | undefined
  /** The options of `tls.connect` of Node; `true` stands for none of them. Default: no TLS. */
  readonly tls?: true | ConnectionOptions['tls'] | undefined
  /** Mechanism and credentials, as `@platformatic/kafka` takes them: `{ mechanism: 'PLAIN', username, password }`. */
  readonly sasl?: SASLOptions | undefined
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
  if (sasl !== undefined && typeof sasl?.mechanism !== 'string') {
    throw badOption(where, 'sasl', "an object like { mechanism: 'PLAIN', username: …, password: … }", typeof sasl)
  }
  const { connectTimeout = Seconds(5), requestTimeout = Seconds(30) } = options
  return {
    brokers: list.map((address) => brokerOf(where, address)),
    clientId: aString(where, 'clientId', clientId),
    connection: {
      maxInflights: 16,
      connectTimeout: checkPositiveDuration(`${where}: connectTimeout`, connectTimeout).milliseconds,
      requestTimeout: checkPositiveDuration(`${where}: requestTimeout`, requestTimeout).milliseconds,
      ...(tls === undefined ? {} : { tls: tls === true ? {} : tls, tlsServerName: true }),
      ...(sasl === undefined ? {} : { sasl }),
    },
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
