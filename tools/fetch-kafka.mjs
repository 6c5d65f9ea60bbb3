// @ts-check
// Brings the Kafka broker of the tests, once: its jars from Maven Central, a formatted data directory, and an archive of
// the classes that it loads. All of it lies in a cache outside the tree.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { classArchive, classPath, configuration, javaFlags, kafkaHome } from '../test/kafka/kafka-home.mjs'

const home = kafkaHome()
const complete = join(home, 'complete')
if (existsSync(complete)) {
  console.log(`The Kafka of the tests is in ${home}`)
  process.exit(0)
}

/** @param {string} command @param {string[]} args */
const run = (command, args) => {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}`)
}

const freePort = async () => {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (probe.address())
  await new Promise((resolve) => probe.close(resolve))
  return port
}

/** @param {number} port @returns {Promise<boolean>} */
const answers = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })

console.log(`Fetching the Kafka of the tests to ${home}`)
rmSync(home, { recursive: true, force: true })
mkdirSync(home, { recursive: true })
const pom = fileURLToPath(new URL('../test/kafka/pom.xml', import.meta.url))
const copy = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${join(home, 'jars')}`]
run('mvn', ['-q', '-B', '-f', pom, ...copy])

const data = join(home, 'data')
const properties = join(home, 'server.properties')
const [port, controllerPort] = [await freePort(), await freePort()]
writeFileSync(properties, configuration({ data, port, controllerPort }))
const java = [...javaFlags, '-cp', classPath()]
run('java', [...java, 'kafka.tools.StorageTool', 'format', '-t', 'ZHN0cmVhbS1mb3ItdGVzdA', '-c', properties])
cpSync(data, join(home, 'formatted'), { recursive: true })

// The archive is written when the broker ends, so the broker has to be up first.
const archiving = [`-XX:ArchiveClassesAtExit=${classArchive()}`, '-Xlog:cds=off', '-Xlog:cds+dynamic=off']
const broker = spawn('java', [...archiving, ...java, 'kafka.Kafka', properties], { stdio: 'ignore' })
const ended = once(broker, 'exit')
while (!(await answers(port))) {
  if (broker.exitCode !== null) throw new Error(`The broker ended with ${broker.exitCode}`)
  await new Promise((resolve) => setTimeout(resolve, 100))
}
broker.kill('SIGTERM')
await ended
rmSync(data, { recursive: true })
writeFileSync(complete, '')
