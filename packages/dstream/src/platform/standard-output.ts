import type { Writable } from 'node:stream'

/** Where `print` prints. */
export const standardOutput = (): Writable => process.stdout
