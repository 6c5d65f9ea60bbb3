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

const BOUNCY_CASTLE = '1.82'
const BOUNCY_CASTLE_JARS = ['bcprov-jdk18on', 'bcpkix-jdk18on', 'bcutil-jdk18on']

/** What the resource manager of YARN needs beside that jar: Maven's names by file. */
export const MINI_YARN = new Map(
  BOUNCY_CASTLE_JARS.map((name) => [
    join(sparkHome(), '..', `${name}-${BOUNCY_CASTLE}.jar`),
    `org.bouncycastle:${name}:${BOUNCY_CASTLE}`,
  ]),
)
