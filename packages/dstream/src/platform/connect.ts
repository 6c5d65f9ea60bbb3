import { createConnection } from 'node:net'
import type { Connect } from '../base/ports.js'

/** A peer that has vanished without a word is noticed by keep-alive: Node has it off unless told. */
const KEEP_ALIVE_MS = 10_000

/** TCP. */
export const connect: Connect = (host, port, events) => {
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
      // A broken socket may report its end once more.
      socket.on('error', () => {})
      socket.destroy()
    },
  }
}
