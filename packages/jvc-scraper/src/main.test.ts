import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { Writable } from 'node:stream'
import { afterEach, describe, expect, test } from 'vitest'
import { main } from './main.js'
import { Client, until } from '../test/test-chain.js'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** The program with everything it says; stopped with the test. */
function run(line: string, env: Record<string, string> = {}) {
  const said = { out: '', err: '' }
  const into = (name: 'out' | 'err') =>
    new Writable({
      write(chunk, _, done) {
        said[name] += String(chunk)
        done()
      },
    })
  const stop = new AbortController()
  const code = main(line.split(' ').filter(Boolean), {
    env,
    stdout: into('out'),
    stderr: into('err'),
    stop: stop.signal,
  })
  closers.push(async () => {
    stop.abort()
    await code
  })
  return { said, code, stop }
}

function portOf(said: { err: string }): number {
  return Number(/the feed is on 127\.0\.0\.1:(\d+)/.exec(said.err)?.[1])
}

/** A server that answers so many commands of Redis and then falls silent; `left` settles when its client has closed. */
async function silentRedis(answers: number) {
  let connections = 0
  let fallSilent = (): void => {}
  let leave = (): void => {}
  const silent = new Promise<void>((resolve) => (fallSilent = resolve))
  const left = new Promise<void>((resolve) => (leave = resolve))
  const server = createServer((socket) => {
    connections++
    let commands = 0
    socket.on('error', () => {})
    socket.on('close', leave)
    socket.on('data', (data) => {
      for (const _ of String(data).matchAll(/\*\d+\r\n/g)) {
        if (commands++ >= answers) return fallSilent()
        socket.write('+OK\r\n')
      }
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => server.close())
  return { port: (server.address() as AddressInfo).port, silent, left, connections: () => connections }
}

describe('jvc-scraper', () => {
  test('--help and --version', async () => {
    const help = run('--help')
    expect([await help.code, help.said.out]).toEqual([0, expect.stringContaining('--simulate')])
    const version = run('--version')
    expect([await version.code, version.said.out]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)])
  })

  test.each([
    ['--simulat', 2, 'jvc-scraper: There is no option "--simulat". Did you mean --simulate?'],
    ['--port x', 2, 'jvc-scraper: --port must be a whole number'],
    ['--simulate --forum http://x/forums/0-51-0-1-0-1-0-x.htm', 2, 'name two forums'],
    ['--simulate --faults nonsense', 2, '--faults: There is no fault "nonsense"'],
    ['--forum http://x/', 1, "is not the address of a forum's topic list"],
    ['--bookmarks redis', 2, 'neither REDIS_URL nor REDIS_HOST'],
  ])('%s ends with %i: %s', async (line, exit, message) => {
    const { code, said } = run(line)
    expect([await code, said.err]).toEqual([exit, expect.stringContaining(message)])
    expect(said.err.split('\n').filter((l) => l.startsWith('    at '))).toEqual([])
  })

  test('a port in use: what to do, exit 1, and nothing is left running', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    closers.push(() => taken.close())
    const { port } = taken.address() as AddressInfo
    const { code, said } = run(`--simulate --port ${port}`)
    expect(await code).toBe(1)
    expect(said.err).toContain(`Port ${port} on 127.0.0.1, for the feed, is in use. Choose another with --port`)
  })

  test('a data folder that cannot be written: one line, exit 1', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'data-'))
    closers.push(() => rm(folder, { recursive: true, force: true }))
    await writeFile(join(folder, 'file'), '')
    const data = join(folder, 'file', 'data')
    const { code, said } = run(`--simulate --port 0 --log-level warn --data ${data}`)
    expect(await code).toBe(1)
    const advice = 'Give this user write access, or choose another folder with --data.'
    expect(said.err).toBe(
      `jvc-scraper: The data folder "${data}" cannot be used: a part of the path is a file (ENOTDIR). ${advice}\n`,
    )
  })

  test.runIf(process.platform === 'linux')('a data folder where the system allows none: the same', async () => {
    const { code, said } = run('--simulate --port 0 --log-level warn --data /proc/no-folder')
    expect(await code).toBe(1)
    expect(said.err).toMatch(/^jvc-scraper: The data folder "\/proc\/no-folder" cannot be used: ENOENT.*--data\.\n$/)
  })

  test('a bookmarks file that is a folder is said in one line', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'data-'))
    closers.push(() => rm(folder, { recursive: true, force: true }))
    await mkdir(join(folder, 'bookmarks.json'))
    const { code, said } = run(`--simulate --port 0 --data ${folder}`)
    expect(await code).toBe(1)
    expect(said.err).toContain(`jvc-scraper: The data folder "${folder}" cannot be used: EISDIR`)
    expect(said.err).not.toContain('    at ')
  })

  test.each([
    ['before Redis has answered the connection', 0],
    ['while Redis answers the first command', 1],
    ['while Redis answers the second command', 2],
  ])('stopped %s: exit 0, and the connection is closed for good', async (_, answers) => {
    const redis = await silentRedis(answers)
    const { code, stop } = run('--bookmarks redis --feed-log memory --port 0', {
      REDIS_HOST: `127.0.0.1:${redis.port}`,
    })
    await redis.silent
    stop.abort()
    expect(await code).toBe(0)
    await redis.left
    expect(redis.connections()).toBe(1)
  })

  test('an address that is not of this machine is said with what to do', async () => {
    const { code, said } = run('--simulate --port 0 --host 192.0.2.1')
    expect(await code).toBe(1)
    expect(said.err).toMatch(/jvc-scraper: Cannot listen on port 0 of 192\.0\.2\.1, .*Choose another port with --port/)
  })

  test('a simulated forum on the feed until it is stopped; health on loopback; exit 0', async () => {
    const { code, said, stop } = run('--simulate --port 0 --rate 100 --log-format json')
    await until(() => portOf(said) > 0)
    const client = new Client(portOf(said), '')
    await client.until(300)
    const url = /http:\/\/127\.0\.0\.1:\d+\/health/.exec(said.err)?.[0] as string
    const health = (await (await fetch(url)).json()) as { ok: boolean; counters: { posts: number }; clients: unknown[] }
    expect(health).toMatchObject({ ok: true, clients: [{ lag: expect.any(Number) }] })
    expect(health.counters.posts).toBeGreaterThanOrEqual(300)
    expect((await fetch(url, { method: 'POST' })).status).toBe(405)
    const ended = once(client.socket, 'end')
    stop.abort()
    await ended
    expect(await code).toBe(0)
    for (const line of said.err.trim().split('\n'))
      expect(JSON.parse(line)).toMatchObject({ level: expect.any(Number), msg: expect.any(String) })
  })

  test('--once reads what there is and ends', async () => {
    const { code, said } = run('--simulate --port 0 --rate 0 --once')
    expect(await code).toBe(0)
    expect(said.err).toMatch(/so far .*posts=300/)
  })

  test('a cookie is sent and never shown', async () => {
    const cookies: (string | undefined)[] = []
    const { createServer: http } = await import('node:http')
    const site = http((request, response) => {
      cookies.push(request.headers.cookie)
      response.writeHead(403, { 'cf-mitigated': 'challenge' }).end()
    }).listen(0, '127.0.0.1')
    await once(site, 'listening')
    closers.push(() => site.close())
    const { port } = site.address() as AddressInfo
    const forum = `http://127.0.0.1:${port}/forums/0-51-0-1-0-1-0-x.htm`
    const { said } = run(
      `--forum ${forum} --port 0 --feed-log memory --bookmarks memory --ignore-robots --log-level debug`,
      {
        JVC_COOKIE: 'cf_clearance=s3cret',
      },
    )
    await until(() => said.err.includes('asks for a human'))
    expect(cookies[0]).toBe('cf_clearance=s3cret')
    expect(said.err).not.toContain('s3cret')
    expect(said.err).toContain('JVC_COOKIE')
  })
})
