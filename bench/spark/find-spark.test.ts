import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { findJava, MissingPart } from './find-spark.mjs'

const failure = (f: () => unknown): Error => {
  try {
    f()
  } catch (error) {
    expect(error).toBeInstanceOf(MissingPart)
    return error as Error
  }
  throw new Error('Nothing was refused')
}
/** A machine with some programs, which answer with these texts. */
const machine = (answers: Record<string, string>) => (command: string) => {
  const answer = answers[command]
  return answer === undefined ? { status: null, text: '' } : { status: 0, text: answer }
}

describe('Java', () => {
  const java17 = 'openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime Environment'
  test('on the PATH', () => {
    const found = findJava({ env: {}, run: machine({ java: java17, javac: 'javac 17.0.15' }) })
    expect(found).toEqual({ java: 'java', javac: 'javac', version: '17.0.15' })
  })
  test('in JAVA_HOME', () => {
    const [java, javac] = [join('/jdk', 'bin', 'java'), join('/jdk', 'bin', 'javac')]
    const run = machine({ [java]: 'java version "21" 2023-09-19 LTS', [javac]: 'javac 21', java: java17 })
    expect(findJava({ env: { JAVA_HOME: '/jdk' }, run })).toEqual({ java, javac, version: '21' })
  })
  test.each<[string, Record<string, string>, Record<string, string>, RegExp]>([
    ['not there', {}, {}, /^Java is missing on the PATH: install a JDK/],
    ['not in JAVA_HOME', { java: java17 }, { JAVA_HOME: '/jdk' }, /^Java is missing on JAVA_HOME \(\/jdk\)/],
    ['a JRE', { java: java17 }, {}, /Java 17\.0\.15 on the PATH is a JRE without javac: install a JDK/],
  ])('refused in one line: %s', (_, programs, env, said) => {
    const { message } = failure(() => findJava({ env, run: machine(programs) }))
    expect(message).toMatch(said)
    expect(message).not.toContain('\n')
  })
})

describe('the command', () => {
  const program = fileURLToPath(new URL('spark.mjs', import.meta.url))
  const command = (args: string[], env: NodeJS.ProcessEnv = {}) =>
    spawnSync(process.execPath, [program, ...args], { encoding: 'utf8', env: { ...process.env, ...env } })

  test('without Spark, it says so in one line, and ends as a benchmark that is left out', () => {
    const { status, stdout, stderr } = command([], { SPARK_HOME: '', PATH: '' })
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
    expect(stderr).toMatch(/^Spark is missing: .*\n$/)
  })
  test.each<[string, string[], RegExp]>([
    ['a folder without Spark', ['--spark', 'nowhere'], /^--spark is "nowhere"/],
    ['an unknown comparison', ['fead'], /^No comparison is called "fead"; choose from feed, memory, empty/],
    ['an unknown option', ['--sparc', 'x'], /^Unknown option '--sparc'/],
  ])('it fails at %s', (_, args, said) => {
    const { status, stderr } = command(args)
    expect(status).toBe(1)
    expect(stderr).toMatch(said)
  })
})
