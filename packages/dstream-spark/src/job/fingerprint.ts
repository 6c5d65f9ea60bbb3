import { createHash } from 'node:crypto'

/** Set by the build: the version of this package. */
declare const VERSION: string

/** What a worker has in common with the driver, by names that a refusal shows. */
export type Fingerprint = Readonly<Record<'job' | 'functions' | 'Node' | 'dstream-spark', string>>

/**
 * Returns the fingerprint of this process.
 *
 * @param bundle the bytes of the job with everything that it imports
 * @param functions the texts of its functions by address
 */
export function fingerprint(bundle: Uint8Array, functions: Readonly<Record<string, string>>): Fingerprint {
  return {
    job: hash(bundle),
    functions: hash(JSON.stringify(Object.entries(functions).sort(([a], [b]) => (a < b ? -1 : 1)))),
    Node: process.versions.node.split('.')[0]!,
    'dstream-spark': VERSION,
  }
}

function hash(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 16)
}
