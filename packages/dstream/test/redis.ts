import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { RedisServer } from '../../../test/redis-server.js'

/** Starts a Redis for the tests of one `describe`, empty before each of them, with a client beside those under test. */
export function useRedis(started: (server: RedisServer, client: Redis) => void): void {
  let server: RedisServer
  let client: Redis
  beforeAll(async () => {
    server = await RedisServer.start()
    client = new Redis(server.url)
    // The server is killed now and then; the client reconnects by itself.
    client.on('error', () => undefined)
    started(server, client)
  })
  afterAll(async () => {
    client.disconnect()
    await server.close()
  })
  beforeEach(() => client.flushall())
}
