// @ts-check
import { homedir } from 'node:os'
import { join } from 'node:path'

const VERSION = '4.3.0'

/** What pip installs. */
export const PYSPARK = `pyspark==${VERSION}`

/** Hadoop's own cluster of tests, in the version that this Spark has. */
export const MINI_HDFS = 'org.apache.hadoop:hadoop-client-minicluster:3.5.0'

/** Returns the folder that `tools/fetch-spark.mjs` fills. */
export function sparkHome() {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  return join(cache, 'dstream-spark', VERSION)
}

/** Returns the jar of `MINI_HDFS`, which the same tool brings. */
export function miniHdfsJar() {
  return join(sparkHome(), '..', 'hadoop-client-minicluster-3.5.0.jar')
}
