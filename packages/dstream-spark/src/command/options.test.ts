import { describe, expect, test } from 'vitest'
import { Misused, optionsOf, variablesOf } from './options.js'
import { reasonOf } from '../jvm/reason.js'
import { masterWithRetries } from '../submit/submit-command.js'

describe('the command line', () => {
  test('what stands behind -- is for the job', () => {
    expect(
      optionsOf(['run', 'job.js', '--master', 'yarn', '--conf', 'a=b', '--conf', 'c=d', '--', '--master', 'x']),
    ).toMatchObject({
      command: 'run',
      job: 'job.js',
      master: 'yarn',
      conf: ['a=b', 'c=d'],
      args: ['--master', 'x'],
      deployMode: 'client',
    })
  })

  test('adopt takes two places', () => {
    expect(optionsOf(['adopt', './here', 'hdfs://name/there'])).toMatchObject({
      command: 'adopt',
      job: './here',
      target: 'hdfs://name/there',
    })
  })

  test('pack takes a job and a folder', () => {
    expect(optionsOf(['pack', 'job.js', './packed'])).toMatchObject({ job: 'job.js', target: './packed' })
  })

  test('the driver may be started by Spark', () => {
    const args = ['submit', 'job.js', '--deploy-mode', 'cluster', '--staging', 'hdfs://n/s', '--supervise']
    expect(optionsOf(args)).toMatchObject({ deployMode: 'cluster', staging: 'hdfs://n/s', supervise: true })
    expect(optionsOf(['submit', 'job.js'])).toMatchObject({ staging: undefined, supervise: false })
  })

  test.each<[string, string[], RegExp]>([
    ['a third place', ['adopt', 'a', 'b', 'c'], /^"c" is too much/],
    ['an unknown option', ['run', 'job.js', '--mastre', 'x'], /Unknown option '--mastre'/],
    [
      'too many words',
      ['run', 'job.js', 'other.js'],
      /^"other\.js" is too much; arguments of the job stand behind --$/,
    ],
  ])('refused: %s', (_, args, words) => {
    expect(() => optionsOf(args)).toThrow(Misused)
    expect(() => optionsOf(args)).toThrow(words)
  })

  test('variables are taken from here or given', () => {
    expect(variablesOf(['A', 'B=c=d'], { A: 'a' })).toEqual({ A: 'a', B: 'c=d' })
    expect(() => variablesOf(['C'], {})).toThrow(/^--env C: there is no variable of that name here; give C=value$/)
  })
})

test.each([
  ['local', 'local[1,4]'],
  ['local[2]', 'local[2,4]'],
  ['local[*]', 'local[*,4]'],
  ['local[2,1]', 'local[2,1]'],
  ['local-cluster[2,1,1024]', 'local-cluster[2,1,1024]'],
  ['spark://host:7077', 'spark://host:7077'],
])('the master %s tries tasks again as %s', (master, expected) => {
  expect(masterWithRetries(master)).toBe(expected)
})

test.each([
  [
    'org.apache.spark.SparkException: Job aborted: Lost task 1.3 (host): dstream.spark.Refused: no Node. Install it\n\tat x',
    'no Node. Install it',
  ],
  ['org.apache.spark.SparkException: Job 3 cancelled\n\tat x', 'Job 3 cancelled'],
  ['the JVM of Spark is gone', 'the JVM of Spark is gone'],
  [
    'java.lang.NoClassDefFoundError: software/amazon/ObjectClient',
    'the class software.amazon.ObjectClient is not on the class path: add its jar to spark.jars.packages or spark.jars',
  ],
])('a stack of Java is said in one line', (stack, line) => {
  expect(reasonOf(stack)).toBe(line)
})
