import type { Server } from 'node:http'
import { uiNotOpened } from '../../base/errors/ui.js'

/** How many ports after the first one are tried, as in Spark. */
const RETRIES = 16

/** Listens on the first free port from `port` on; returns it. @throws `ui-not-opened` */
export async function listen(server: Server, host: string, port: number): Promise<number> {
  const last = port === 0 ? 0 : Math.min(port + RETRIES, 65_535)
  for (let candidate = port; ; candidate++) {
    try {
      return await listenOn(server, host, candidate)
    } catch (error) {
      const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
      if (!isTaken || candidate >= last) throw uiNotOpened(host, candidate, error)
    }
  }
}

function listenOn(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => {
      server.off('listening', listening)
      reject(error)
    }
    const listening = (): void => {
      server.off('error', failed)
      resolve((server.address() as { port: number }).port)
    }
    server.once('error', failed).once('listening', listening).listen(port, host)
  })
}
