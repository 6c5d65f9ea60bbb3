import type { Writable } from 'node:stream'
import { statusLine } from './status-line.js'

/** Where `print` prints. */
export function standardOutput(): Writable {
  if (process.stdout.isTTY) statusLine.erase()
  return process.stdout
}
