import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/** The ports below those that systems give to connections and to servers that ask for any port. */
const [FIRST, END] = [10_000, 32_000]

/**
 * Returns a free port of loopback, for a program that takes its port as an argument, or for an address without a server. No
 * other program is given that port by the system, so that it is still free when it is used.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST, END)
    if (await isFree(port)) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}
