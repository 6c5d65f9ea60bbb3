/** The exceptions of the JVM part whose messages are meant for users. */
const OWN = /dstream\.spark\.(?:Refused|WorkerLost): (.*)/
/** The error of a jar that is not there, whose message is the name of a class alone. */
const MISSING_CLASS = /^java\.lang\.NoClassDefFoundError: ([\w/$]+)$/

/** Returns the line that a user needs out of a stack of Java. */
export function reasonOf(failure: string): string {
  const [, words] = OWN.exec(failure) ?? []
  if (words !== undefined) return words
  const line = failure.split('\n', 1)[0]!
  const [, missing] = MISSING_CLASS.exec(line) ?? []
  if (missing !== undefined)
    return `the class ${missing.replaceAll('/', '.')} is not on the class path: add its jar to spark.jars.packages or spark.jars`
  return line.replace(/^[\w.$]+(?:Exception|Error): /, '')
}
