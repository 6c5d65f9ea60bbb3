import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, afterAll, describe, expect, test } from 'vitest'
import { findJava, findSpark, MissingPart } from './find-spark.mjs'

let dir: string
const place = (name: string) => join(dir, name)
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'dstream-find-spark-'))
  const jars: Record<string, string> = {
    'home/jars': 'spark-streaming_2.13-4.1.0.jar',
    'target/pyspark/jars': 'spark-streaming_2.12-3.5.1.jar',
    'other/jars': 'spark-sql_2.13-4.1.0.jar',
  }
  for (const [folder, jar] of Object.entries(jars)) {
    mkdirSync(place(folder), { recursive: true })
    writeFileSync(join(place(folder), jar), '')
  }
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const failure = (f: () => unknown): MissingPart => {
  try {
    f()
  } catch (error) {
    expect(error).toBeInstanceOf(MissingPart)
    return error as MissingPart
  }
  throw new Error('Nothing was refused')
}
/** A machine with some programs, which answer with these texts. */
const machine = (answers: Record<string, string>) => (command: string) => {
  const answer = answers[command]
  return answer === undefined ? { status: null, text: '' } : { status: 0, text: answer }
}

describe('Spark', () => {
  test.each<[string, { named?: string; home?: string; python?: string }, string, string]>([
    ['named', { named: 'home', home: 'target' }, 'home/jars', '4.1.0'],
    ['named, where pip has put it', { named: 'target' }, 'target/pyspark/jars', '3.5.1'],
    ['in SPARK_HOME', { home: 'home', python: 'target/pyspark' }, 'home/jars', '4.1.0'],
    ['where Python finds pyspark', { python: 'target/pyspark' }, 'target/pyspark/jars', '3.5.1'],
  ])('%s', (_, { named, home, python }, jars, version) => {
    const found = findSpark({
      named: named && place(named),
      env: { SPARK_HOME: home && place(home) },
      run: machine(python === undefined ? {} : { python3: `${place(python)}\n` }),
    })
    expect(found).toEqual({ jars: place(jars), version })
  })

  test.each<[string, { named?: string; home?: string; python?: string }, RegExp, boolean]>([
    ['not there', {}, /^Spark is missing: pip install .*pyspark/, false],
    ['Python has a pyspark without jars', { python: 'nowhere' }, /^Spark is missing: pip install/, false],
    ['a named folder that does not exist', { named: 'nowhere', home: 'home' }, /^--spark is ".*nowhere".*; give/, true],
    ['a SPARK_HOME without Spark Streaming', { home: 'other' }, /^SPARK_HOME is ".*other".*; give/, true],
  ])('refused in one line: %s', (_, { named, home, python }, said, wasNamed) => {
    const missing = failure(() =>
      findSpark({
        named: named && place(named),
        env: { SPARK_HOME: home && place(home) },
        run: machine(python === undefined ? {} : { python: place(python) }),
      }),
    )
    expect(missing.message).toMatch(said)
    expect(missing.message).not.toContain('\n')
    expect(missing.wasNamed).toBe(wasNamed)
  })
})

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
    ['too old', { java: 'openjdk version "11.0.2"', javac: 'javac 11.0.2' }, {}, /is 11\.0\.2, which is too old/],
    ['too old, of the former numbering', { java: 'java version "1.8.0_401"' }, {}, /is 1\.8\.0_401, which is too old/],
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
