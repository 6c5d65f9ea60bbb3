import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'

/** Returns a free port of loopback, for a program that takes its port as an argument. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
}
