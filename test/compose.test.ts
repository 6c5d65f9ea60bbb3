import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startSimulator } from 'jvc-scraper/simulator'
import { afterEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { identityOf } from '../packages/jvc-scraper/src/fetch/identity.js'
import { until } from '../packages/jvc-scraper/test/test-chain.js'
import { composeSpecification } from './compose-specification.js'
import { freePort } from './free-port.js'
import { hasRedis } from './redis-server.js'

interface Service {
  readonly image: string
  readonly build?: { readonly target: string }
  readonly entrypoint?: string[]
  readonly command: string[]
  readonly profiles?: string[]
  readonly container_name?: string
  readonly logging?: { readonly options: Record<string, string> }
  readonly secrets?: string[]
  readonly environment?: Record<string, string>
  readonly depends_on?: Record<string, { readonly condition: string }>
  readonly healthcheck?: { readonly test: string[] }
  readonly volumes?: string[]
}
interface Stage {
  readonly from: string
  readonly lines: string[]
}

const root = fileURLToPath(new URL('..', import.meta.url))
function read(file: string): string {
  return readFileSync(join(root, file), 'utf8')
}

const compose = parse(read('compose.yaml'), { merge: true }) as {
  services: Record<string, Service>
  secrets: Record<string, { readonly file: string }>
  volumes: Record<string, unknown>
}
const { services } = compose
const jobs = ['stickers', 'auteurs', 'pseudo', 'wordcount', 'topics']

/** The stages of the Dockerfile by name, in their order. */
const stages = new Map<string, Stage>()
for (const line of read('Dockerfile').split('\n')) {
  const [, from, name] = /^FROM (\S+) AS (\S+)$/.exec(line) ?? []
  if (from !== undefined && name !== undefined) stages.set(name, { from, lines: [] })
  else if (/^[A-Z]+ /.test(line)) [...stages.values()].at(-1)?.lines.push(line)
}

describe('compose.yaml', () => {
  test('is what the compose specification allows', () => {
    const validate = composeSpecification()
    validate(compose)
    expect(validate.errors).toBeNull()
    expect(validate({ ...compose, services: { redis: { imag: 'redis' } } })).toBe(false)
  })

  test('names only services, volumes and stages that there are', () => {
    for (const { build, depends_on = {}, volumes = [] } of Object.values(services)) {
      if (build) expect([...stages.keys()]).toContain(build.target)
      for (const [name, { condition }] of Object.entries(depends_on)) {
        expect(condition).toBe('service_healthy')
        expect(services[name]?.healthcheck).toBeDefined()
      }
      for (const volume of volumes) expect(Object.keys(compose.volumes)).toContain(volume.split(':')[0])
    }
    for (const { secrets = [] } of Object.values(services)) {
      for (const name of secrets) expect(Object.keys(compose.secrets)).toContain(name)
    }
    const kept = jobs.map((job) => services[job]?.volumes?.[0])
    expect(new Set(kept).size).toBe(jobs.length)
  })
})

/** The services that a profile starts. */
function servicesOf(profile: string): [string, Service][] {
  return Object.entries(services).filter(([, { profiles = [profile] }]) => profiles.includes(profile))
}

describe('the profiles of compose.yaml', () => {
  test.each([
    ['simulated', ['scraper', ...jobs]],
    ['live', ['scraper-live', 'redis', ...jobs]],
  ])('%s starts %j, and each waits only for services of the profile', (profile, names) => {
    const started = servicesOf(profile)
    expect(started.map(([name]) => name)).toEqual(names)
    for (const [, { depends_on = {} }] of started) {
      for (const name of Object.keys(depends_on)) expect(names).toContain(name)
    }
    const simulators = started.filter(([, { command }]) => command.includes('--simulate'))
    expect(simulators).toHaveLength(profile === 'simulated' ? 1 : 0)
    // Of each image that is built, one service of the profile is the builder.
    const builders = started.filter(([, { build }]) => build)
    expect(builders.map(([, { image }]) => image)).toEqual(['dstream-forum'])
    const own = started.filter(([, { image }]) => image === 'dstream-forum')
    expect(own).toHaveLength(6)
  })

  test('simulated is the one that is started without a word', () => {
    expect(read('.env')).toMatch(/^COMPOSE_PROFILES=simulated$/m)
  })

  test('logs are bounded, and found by the names of the jobs', () => {
    for (const [name, { logging, container_name }] of Object.entries(services)) {
      expect([name, logging?.options['max-size']]).toEqual([name, '10m'])
      expect(container_name).toBeDefined()
    }
    for (const job of jobs) expect(services[job]?.container_name).toBe(job)
    expect(new Set(Object.values(services).map((s) => s.container_name)).size).toBe(Object.keys(services).length)
  })

  test.runIf(spawnSync('docker', ['compose', 'version']).status === 0)('docker compose config reads it', () => {
    for (const profile of ['simulated', 'live']) {
      const env = { ...process.env, COMPOSE_PROFILES: profile }
      const { status, stdout, stderr } = spawnSync('docker', ['compose', 'config', '--services'], { cwd: root, env })
      expect([status, String(stderr)]).toEqual([0, ''])
      expect(String(stdout).trim().split('\n').sort()).toEqual(
        servicesOf(profile)
          .map(([name]) => name)
          .sort(),
      )
    }
  })

  test('a cookie with $ reaches the scraper as it is', async () => {
    const { file } = compose.secrets['jvc_cookie'] as { file: string }
    expect(file).toBe('${JVC_COOKIE_FILE:-./secrets/none}')
    expect(read('secrets/none')).toBe('')
    const { JVC_COOKIE_FILE } = services['scraper-live']?.environment ?? {}
    expect(JVC_COOKIE_FILE).toBe('/run/secrets/jvc_cookie')
    const folder = mkdtempSync(join(tmpdir(), 'cookie-'))
    closers.push(() => rmSync(folder, { recursive: true, force: true }))
    const path = join(folder, 'jvc-cookie')
    writeFileSync(path, 'cf_clearance=a$b$$c${d}\n')
    expect(await identityOf({ JVC_COOKIE_FILE: path })).toMatchObject({ cookie: 'cf_clearance=a$b$$c${d}' })
    expect(await identityOf({ JVC_COOKIE_FILE: join(root, 'secrets/none') })).toMatchObject({ cookie: undefined })
  })
})

describe('Dockerfile', () => {
  test('copies what there is, from stages that come before, and does not end as root', () => {
    const seen = new Set<string>()
    for (const [name, { from, lines }] of stages) {
      expect(seen.has(from) || from === 'node:24-slim').toBe(true)
      for (const line of lines.filter((l) => l.startsWith('COPY '))) {
        const words = line.split(' ').slice(1, -1)
        const stage = words[0]?.startsWith('--from=') ? words.shift()?.slice('--from='.length) : undefined
        if (stage !== undefined) expect(seen).toContain(stage)
        for (const source of words) expect(existsSync(join(root, source.replace(/^\/app\//, '')))).toBe(true)
      }
      seen.add(name)
    }
    expect(stages.get('runtime')?.lines.at(-1)).toBe('USER node')
    for (const name of ['scraper', 'jobs']) expect(stages.get(name)?.from).toBe('runtime')
  })
})

/** Returns the command line of a container, as Docker puts it together. */
function commandLine({ image, entrypoint, command }: Service): string[] {
  return [...(entrypoint ?? (image === 'dstream-forum' ? entryOf('jobs') : [])), ...command]
}

/** Returns a list that a stage of the Dockerfile has: its ENTRYPOINT or CMD. */
function entryOf(stage: string, instruction = 'ENTRYPOINT'): string[] {
  const line = stages.get(stage)?.lines.find((l) => l.startsWith(`${instruction} `))
  return JSON.parse(line?.slice(instruction.length) ?? '[]') as string[]
}

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/**
 * Stands in for Docker's network: the names of services become this machine, the ports of containers become free ports
 * here, and `/data` becomes a folder per container. Everything else is used as written.
 */
async function network() {
  const ports = new Map<string, string>()
  for (const port of ['6667', '6668', '6379']) ports.set(port, String(await freePort()))
  const mapped = (text: string, data: string): string =>
    text
      .replace(/\$\{\w+:-([^}]*)\}/g, '$1')
      .replace(/^(?:feed|redis)(?=:|$)/, '127.0.0.1')
      .replace(/^\/app\//, root)
      .replace(/\b(?:6667|6668|6379)\b/g, (port) => ports.get(port) as string)
      .replace(/^\/data$/, data)
      .replace(/^\/run\/secrets\/jvc_cookie$/, join(root, 'secrets/none'))
  return (name: string, extra: string[] = []) => {
    const service = services[name] as Service
    const data = mkdtempSync(join(tmpdir(), `compose-${name}-`))
    closers.push(() => rmSync(data, { recursive: true, force: true }))
    const environment = Object.entries(service.environment ?? {}).map(([key, value]) => [key, mapped(value, data)])
    const env = { PATH: process.env['PATH'], ...(Object.fromEntries(environment) as Record<string, string>) }
    const start = (line: string[]): ChildProcess => {
      const [file = '', ...args] = line.map((word) => mapped(word, data))
      // Each program stands in an empty folder of its own, as it does in its container.
      return spawn(file, args, { cwd: data, env, stdio: ['ignore', 'pipe', 'pipe'] })
    }
    const child = start([...commandLine(service), ...extra])
    const exit = once(child, 'exit') as Promise<[number | null, string | null]>
    closers.push(() => (child.exitCode === null ? child.kill('SIGKILL') && exit : undefined))
    const said = { all: '' }
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (said.all += String(chunk)))
    const healthy = async (): Promise<void> => {
      const [kind, ...check] = service.healthcheck?.test as string[]
      expect(kind).toBe('CMD')
      for (let code: unknown; code !== 0; [code] = await once(start(check), 'exit'))
        if (child.exitCode !== null) throw new Error(`${name} ended: ${said.all}`)
    }
    const stop = async () => {
      child.kill('SIGTERM')
      return exit
    }
    return { said, healthy, stop }
  }
}

describe('the command lines of the containers, as they stand', () => {
  test('docker run of each image without a volume: files go into the folder where the program stands', async () => {
    expect(stages.get('runtime')?.lines.filter((l) => /^(?:WORKDIR|USER|RUN)/.test(l))).toEqual([
      'WORKDIR /app',
      'RUN mkdir /data && chown node:node /data',
      'WORKDIR /data',
      'USER node',
    ])
    const [port, simulator] = [await freePort(), await startSimulator({ rate: 0, history: 40, topics: 4 })]
    closers.push(() => simulator.close())
    for (const [stage, args, folder] of [
      ['scraper', ['--forum', simulator.forumUrl, '--from', 'start', '--once', '--port', '0'], '.jvc-scraper'],
      ['jobs', undefined, '.checkpoint'],
    ] as const) {
      const cwd = mkdtempSync(join(tmpdir(), `run-${stage}-`))
      closers.push(() => rmSync(cwd, { recursive: true, force: true }))
      const line = [...entryOf(stage), ...(args ?? entryOf(stage, 'CMD'))].map((word) => word.replace(/^\/app\//, root))
      const env = { PATH: process.env['PATH'], SCRAPER_PORT: String(port), BATCH_MS: '100' }
      const child = spawn(line[0] ?? '', line.slice(1), { cwd, env, stdio: ['ignore', 'pipe', 'ignore'] })
      const exit = once(child, 'exit')
      let out = ''
      child.stdout.on('data', (chunk) => (out += String(chunk)))
      // A job that has printed a batch has come up.
      await until(() => child.exitCode !== null || /\d+ ms/.test(out), 20_000)
      if (args === undefined) child.kill('SIGTERM')
      expect(await exit).toEqual([0, null])
      expect(readdirSync(cwd)).toEqual([folder])
    }
  }, 60_000)

  test('the scraper becomes healthy, each job prints a batch, all end on SIGTERM with 0', async () => {
    const run = await network()
    const scraper = run('scraper')
    await scraper.healthy()
    for (const name of jobs) {
      const job = run(name)
      await until(() => /^(?:Time: )?\d+ ms/m.test(job.said.all), 20_000).catch((cause: unknown) => {
        throw new Error(`${name} printed no batch: ${job.said.all}`, { cause })
      })
      expect([name, await job.stop()]).toEqual([name, [0, null]])
    }
    expect(await scraper.stop()).toEqual([0, null])
  }, 120_000)

  test.runIf(hasRedis())(
    'the live scraper keeps its place in Redis; pointed at a simulated forum here',
    async () => {
      const run = await network()
      const simulator = await startSimulator({ port: 0, seed: 1, rate: 5, topics: 5, faults: 'none' })
      closers.push(() => simulator.close())
      const redis = run('redis')
      await redis.healthy()
      const scraper = run('scraper-live', ['--forum', simulator.forumUrl])
      await scraper.healthy()
      expect(await scraper.stop()).toEqual([0, null])
      expect(await redis.stop()).toEqual([0, null])
    },
    60_000,
  )
})
