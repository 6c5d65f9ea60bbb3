// @ts-check
import { readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

const VERSION = '4.1.1'

/** Returns the folder that `tools/fetch-kafka.mjs` fills with the jars of the broker. */
export function kafkaHome() {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  return join(cache, 'dstream-kafka', VERSION)
}

/** The arguments of java that come before the class to run: small, quick to start, warnings only. */
export const javaFlags = [
  '-Xmx512m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
]

/** Returns the class path. The archive of classes holds for the same jars in the same order only. */
export function classPath(home = kafkaHome()) {
  const jars = readdirSync(join(home, 'jars')).sort()
  return jars.map((jar) => join(home, 'jars', jar)).join(':')
}

/** The archive of the classes that a broker loads, with which it starts in a third of the time. */
export function classArchive(home = kafkaHome()) {
  return join(home, 'classes.jsa')
}

/**
 * Returns the configuration of a broker that is its own controller and keeps one replica of everything.
 *
 * @param {{ data: string, port: number, controllerPort: number, further?: Readonly<Record<string, string | number>> }} options
 */
export function configuration({ data, port, controllerPort, further = {} }) {
  const settings = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': data,
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 1,
    // On a busy machine a heartbeat may be late, and a broker whose session is over leads nothing.
    'broker.session.timeout.ms': 30_000,
    'group.initial.rebalance.delay.ms': 0,
    'log.cleaner.dedupe.buffer.size': 16_777_216,
    ...further,
  }
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}
