/** The exceptions of the JVM part whose messages are meant for users. */
const OWN = /dstream\.spark\.(?:Refused|WorkerLost): (.*)/

/** Returns the line that a user needs out of a stack of Java. */
export function reasonOf(failure: string): string {
  const [, words] = OWN.exec(failure) ?? []
  return words ?? failure.split('\n', 1)[0]!.replace(/^[\w.$]+(?:Exception|Error): /, '')
}
