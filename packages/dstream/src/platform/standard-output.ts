import type { Writable } from 'node:stream'

/** Where `print` prints. */
export function standardOutput(): Writable {
  return process.stdout
}
