import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { RDDContext, Seconds } from 'dstream'
import { TestContext } from 'dstream/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasKafka, KafkaServer, type BrokerPlace, type BrokerSettings } from '../../../../../test/kafka/kafka-server.js'
import { createDirectStream, createRDD, OffsetRange, type KafkaConnectionOptions } from './index.js'

const PASSWORD = 'of-the-store'

/** Makes a certificate for loopback, and returns the settings of a broker that wants TLS and a password. */
function secured({ port, controllerPort, directory }: BrokerPlace): Promise<BrokerSettings> {
  const store = join(directory, 'broker.p12')
  const keytool = (...args: string[]): void => {
    const of = ['-keystore', store, '-storepass', PASSWORD, '-alias', 'broker']
    execFileSync('keytool', [...args, ...of], { stdio: 'ignore' })
  }
  keytool('-genkeypair', '-keyalg', 'EC', '-dname', 'CN=localhost', '-ext', 'san=ip:127.0.0.1,dns:localhost', '-validity', '30') // prettier-ignore
  keytool('-exportcert', '-rfc', '-file', join(directory, 'broker.pem'))
  const login = 'org.apache.kafka.common.security.plain.PlainLoginModule required user_ann="secret";'
  return Promise.resolve({
    'advertised.listeners': `SASL_SSL://127.0.0.1:${port}`,
    listeners: `SASL_SSL://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'listener.security.protocol.map': 'SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'SASL_SSL',
    'sasl.enabled.mechanisms': 'PLAIN',
    'sasl.mechanism.inter.broker.protocol': 'PLAIN',
    'listener.name.sasl_ssl.plain.sasl.jaas.config': `${login.slice(0, -1)} username="ann" password="secret";`,
    'ssl.keystore.type': 'PKCS12',
    'ssl.keystore.location': store,
    'ssl.keystore.password': PASSWORD,
    'ssl.truststore.type': 'PKCS12',
    'ssl.truststore.location': store,
    'ssl.truststore.password': PASSWORD,
  })
}

describe.skipIf(!hasKafka())('a broker that wants TLS and a password', () => {
  let server: KafkaServer
  let ca: string
  beforeAll(async () => {
    server = await KafkaServer.start(secured)
    ca = readFileSync(join(server.directory, 'broker.pem'), 'utf8')
  }, 120_000)
  afterAll(() => server.close())

  const sasl = { mechanism: 'PLAIN', username: 'ann', password: 'secret' } as const
  const count = (options: Partial<KafkaConnectionOptions>): Promise<number> =>
    createRDD(new RDDContext(), { brokers: server.broker, tls: { ca }, sasl, ...options }, [
      new OffsetRange('none', 0, 0, 1),
    ]).count()

  test.each<[string, Partial<KafkaConnectionOptions>, RegExp]>([
    ['the right password reaches the topics', {}, /has no topic "none"/],
    ['and one that a function returns', { sasl: { ...sasl, password: () => Promise.resolve('secret') } }, /no topic/],
    ['a wrong password', { sasl: { ...sasl, password: 'wrong' } }, /refuses: SASL_AUTHENTICATION_FAILED/],
    ['another mechanism', { sasl: { ...sasl, mechanism: 'SCRAM-SHA-256' } }, /refuses: .*UNSUPPORTED_SASL_MECHANISM/],
    ['a certificate that is not trusted', { tls: true }, /refuses: .*certificate/],
    ['no TLS', { tls: undefined }, /is away/],
  ])('%s', async (_, options, wanted) => {
    await expect(count(options)).rejects.toThrow(wanted)
  })

  test.each<[string, Partial<KafkaConnectionOptions>, RegExp]>([
    ['a wrong password', { sasl: { ...sasl, password: 'wrong' } }, /refuses: SASL_AUTHENTICATION_FAILED/],
    ['a certificate that is not trusted', { tls: true }, /refuses: .*certificate/],
  ])('start rejects, at the first start and at a later one: %s', async (_, options, wanted) => {
    const define = (further: Partial<KafkaConnectionOptions>) => (t: TestContext) =>
      t.output(
        createDirectStream(t.ssc, {
          brokers: server.broker,
          tls: { ca },
          sasl,
          pattern: /^none$/,
          ...further,
        } as never),
      )
    const first = new TestContext({ batchInterval: Seconds(1) })
    define(options)(first)
    await expect(first.ssc.start()).rejects.toThrow(wanted)
    await first.ssc.stop()
    const right = new TestContext({ batchInterval: Seconds(1) })
    define({})(right)
    await right.run(1)
    const later = await right.crashAndRecover(define(options))
    await expect(later.ssc.start()).rejects.toThrow(wanted)
    await later.ssc.stop()
  })
})
