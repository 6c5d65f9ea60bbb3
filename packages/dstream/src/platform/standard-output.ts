import type { Writable } from 'node:stream'

/** Returns the stream that `print` writes to. */
export function standardOutput(): Writable {
  return process.stdout
}
