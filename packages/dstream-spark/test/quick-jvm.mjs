// @ts-check

/** A JVM that lives for seconds starts sooner when it compiles less, and does not verify the classes of Spark. */
const FLAGS = [
  '-XX:TieredStopAtLevel=1',
  '-XX:+UseSerialGC',
  '-XX:+UnlockDiagnosticVMOptions',
  '-XX:-BytecodeVerificationRemote',
]
// One with another class path goes without the archive, and need not say so.
const QUIET = '-Xlog:cds*=off'

/** The archive of the classes of Spark, by which a JVM starts a third sooner: `tools/test-spark.mjs` has it made. */
const archive = process.env['SPARK_CLASSES']

/** The flags of a JVM of the tests. */
export const QUICK_JVM = [...FLAGS, ...(archive === undefined ? [] : [`-XX:SharedArchiveFile=${archive}`, QUIET])].join(
  ' ',
)

/**
 * Returns the flags of a JVM that writes the archive when it ends.
 * @param {string} file
 */
export function archivingJvm(file) {
  return [...FLAGS, `-XX:ArchiveClassesAtExit=${file}`, QUIET].join(' ')
}
