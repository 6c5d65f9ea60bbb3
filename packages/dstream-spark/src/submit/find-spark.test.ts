import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { beforeAll, afterAll, describe, expect, test } from 'vitest'
import { findJava, findSpark, MissingPart } from './find-spark.js'

let dir: string
const place = (name: string) => join(dir, name)
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'dstream-find-spark-'))
  const jars: Record<string, string> = {
    'home/jars': 'spark-core_2.13-4.1.0.jar',
    'target/pyspark/jars': 'spark-core_2.12-4.0.1.jar',
    'other/jars': 'spark-sql_2.13-4.1.0.jar',
    'old/jars': 'spark-core_2.12-3.5.1.jar',
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
    ['named, where pip has put it', { named: 'target' }, 'target/pyspark/jars', '4.0.1'],
    ['in SPARK_HOME', { home: 'home', python: 'target/pyspark' }, 'home/jars', '4.1.0'],
    ['where Python finds pyspark', { python: 'target/pyspark' }, 'target/pyspark/jars', '4.0.1'],
  ])('%s', (_, { named, home, python }, jars, version) => {
    const found = findSpark({
      named: named && place(named),
      env: { SPARK_HOME: home && place(home) },
      run: machine(python === undefined ? {} : { python3: `${place(python)}\n` }),
    })
    expect(found).toEqual({ home: dirname(place(jars)), jars: place(jars), version })
  })

  test.each<[string, { named?: string; home?: string; python?: string }, RegExp, boolean]>([
    ['not there', {}, /^Spark is missing: pip install .*pyspark/, false],
    ['Python has a pyspark without jars', { python: 'nowhere' }, /^Spark is missing: pip install/, false],
    [
      'a named folder that does not exist',
      { named: 'nowhere', home: 'home' },
      /^--spark-home is ".*nowhere".*; give/,
      true,
    ],
    ['a SPARK_HOME without Spark', { home: 'other' }, /^SPARK_HOME is ".*other".*; give/, true],
    [
      'a Spark that is too old',
      { named: 'old' },
      /^The Spark in .*old is 3\.5\.1, and at least Spark 4 is needed: /,
      true,
    ],
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
    const found = findJava({ env: {}, run: machine({ java: java17 }) })
    expect(found).toEqual({ home: undefined, java: 'java', version: '17.0.15' })
  })
  test('in JAVA_HOME', () => {
    const java = join('/jdk', 'bin', 'java')
    const run = machine({ [java]: 'java version "21" 2023-09-19 LTS', java: java17 })
    expect(findJava({ env: { JAVA_HOME: '/jdk' }, run })).toEqual({ home: '/jdk', java, version: '21' })
  })
  test.each<[string, Record<string, string>, Record<string, string>, RegExp]>([
    ['not there', {}, {}, /^Java is missing on the PATH: install Java 17/],
    ['not in JAVA_HOME', { java: java17 }, { JAVA_HOME: '/jdk' }, /^Java is missing on JAVA_HOME \(\/jdk\)/],
    ['too old', { java: 'openjdk version "11.0.2"' }, {}, /is 11\.0\.2, which is too old/],
    ['too old, of the former numbering', { java: 'java version "1.8.0_401"' }, {}, /is 1\.8\.0_401, which is too old/],
  ])('refused in one line: %s', (_, programs, env, said) => {
    const { message } = failure(() => findJava({ env, run: machine(programs) }))
    expect(message).toMatch(said)
    expect(message).not.toContain('\n')
  })
})
