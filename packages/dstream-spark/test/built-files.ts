import { fileURLToPath } from 'node:url'
import { findJava, findSpark } from '../src/submit/find-spark.js'
import { ownFilesJvm, type FilesStart } from '../src/runner/spark-files.js'

/** Returns the start of a JVM with the file systems of Spark, by the jar that was built. @param conf settings of Spark */
export function builtFiles(conf: readonly string[] = []): FilesStart {
  const built = (name: string): string => fileURLToPath(new URL(`../dist/${name}`, import.meta.url))
  return ownFilesJvm({
    spark: findSpark({}),
    java: findJava({}),
    conf,
    files: { jar: built('dstream-spark.jar'), logging: built('log4j2.properties') },
  })
}
