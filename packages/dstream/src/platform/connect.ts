import type { Connect } from '../base/ports.js'

/**
 * The time after which keep-alive probes an idle connection, since a vanished peer sends nothing. Node has it off by
 * default.
 */
const KEEP_ALIVE_MS = 10_000

/** Connects over TCP. */
export const connect: Connect = (host, port, events) => {
  // A job without sockets should not wait for `node:net` when it imports the library.
  const { createConnection } = process.getBuiltinModule('node:net')
  const socket = createConnection({ host, port, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS })
  socket.on('connect', () => events.opened())
  socket.on('data', (chunk) => events.data(chunk))
  socket.on('end', () => events.ended())
  socket.on('error', (error) => events.failed(error))
  return {
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    close: () => {
      socket.removeAllListeners()
      // A failed socket may report a further error, which would be uncaught.
      socket.on('error', () => {})
      socket.destroy()
    },
  }
}
