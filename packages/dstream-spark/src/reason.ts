/** The exception of the JVM part whose message is meant for users. */
const REFUSED = /dstream\.spark\.Refused: (.*)/
/** The first exception of the executor behind a failed stage of Spark. */
const LOST = /Lost task [^\n]*?: (?:java\.io\.UncheckedIOException|java\.io\.IOException): ([^\n]*)/

/** Returns the line that a user needs out of a stack of Java. */
export function reasonOf(failure: string): string {
  const [, words] = REFUSED.exec(failure) ?? LOST.exec(failure) ?? []
  return words ?? failure.split('\n', 1)[0]!.replace(/^[\w.$]+(?:Exception|Error): /, '')
}
