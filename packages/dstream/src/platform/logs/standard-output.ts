import type { Writable } from 'node:stream'
import { statusLine } from './status-line.js'

/** Returns the stream that `print` writes to. */
export function standardOutput(): Writable {
  if (process.stdout.isTTY) statusLine.erase()
  return process.stdout
}
