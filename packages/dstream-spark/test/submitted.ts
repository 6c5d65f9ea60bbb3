import { expect } from 'vitest'
import { QUICK_JVM } from './quick-jvm.mjs'
import { startCommand } from './run-job.js'
import type { Standalone } from './standalone.js'

interface Submission {
  /** Variables of the job. */
  readonly env: Readonly<Record<string, string>>
  /** The URI of a place that all machines can read. */
  readonly staging: string
  /** Further options of the command. */
  readonly options: readonly string[]
}

/** Submits a job whose driver Spark starts, and resolves to the name that Spark gives to it. */
export async function submitTo(spark: Standalone, job: string, { env, staging, options }: Submission): Promise<string> {
  const conf = [
    'spark.driver.host=127.0.0.1',
    'spark.driver.memory=512m',
    'spark.executor.memory=512m',
    'spark.ui.enabled=false',
    `spark.driver.extraJavaOptions=${QUICK_JVM}`,
    `spark.executor.extraJavaOptions=${QUICK_JVM}`,
  ]
  const ended = await startCommand(
    [
      ...['submit', job, '--spark-home', spark.home, '--master', spark.master, '--deploy-mode', 'cluster'],
      ...['--staging', staging, ...options],
      ...conf.flatMap((setting) => ['--conf', setting]),
      ...Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
    ],
    { env: { SPARK_LOCAL_IP: '127.0.0.1' } },
  ).ended
  expect({ code: ended.code, errors: ended.errors }).toMatchObject({ code: 0 })
  return /(driver-\d+-\d+)/.exec(ended.errors)![1]!
}
