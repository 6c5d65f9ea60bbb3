// @ts-check
import { homedir } from 'node:os'
import { join } from 'node:path'

const VERSION = '4.3.0'

/** What pip installs. */
export const PYSPARK = `pyspark==${VERSION}`

/** The Hadoop that this Spark has. */
const HADOOP = '3.5.0'

/** Hadoop's own cluster of tests. */
export const MINI_HDFS = `org.apache.hadoop:hadoop-client-minicluster:${HADOOP}`

/** Returns the folder that `tools/fetch-spark.mjs` fills. */
export function sparkHome() {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  return join(cache, 'dstream-spark', VERSION)
}

/** Returns the jar of `MINI_HDFS`, which the same tool brings. */
export function miniHdfsJar() {
  return join(sparkHome(), '..', `hadoop-client-minicluster-${HADOOP}.jar`)
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

/** The SDK of Amazon with which Hadoop's S3A was built. Its artifact `bundle`, which S3A names, has all services in 686 MB. */
const SDK = '2.35.4'

/** What S3A needs, as Maven's names; with what these need themselves. */
export const S3A = [
  `org.apache.hadoop:hadoop-aws:${HADOOP}`,
  `software.amazon.awssdk:s3:${SDK}`,
  `software.amazon.awssdk:s3-transfer-manager:${SDK}`,
  `software.amazon.awssdk:sts:${SDK}`,
]
/** What of that is left out: Spark has it, or nothing of S3 needs it. */
export const NOT_OF_S3A = ['software.amazon.awssdk:bundle', 'io.netty:*', 'org.slf4j:*', 'commons-logging:*']

/** Returns the folder of their jars. */
export function s3aFolder() {
  return join(sparkHome(), '..', `s3a-${HADOOP}`)
}

/** The server of S3 of the tests, as pip names it. */
export const S3_SERVER = ['moto[s3]==5.2.5', 'flask==3.1.3', 'flask-cors==6.0.5']

/** Returns the folder of its Python. */
export function s3ServerFolder() {
  return join(sparkHome(), '..', 'moto-5.2.5')
}
