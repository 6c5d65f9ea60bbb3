// @ts-check
import { homedir } from 'node:os'
import { join } from 'node:path'

const VERSION = '4.3.0'

/** What pip installs. */
export const PYSPARK = `pyspark==${VERSION}`

/** Returns the folder that `tools/fetch-spark.mjs` fills. */
export function sparkHome() {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  return join(cache, 'dstream-spark', VERSION)
}
