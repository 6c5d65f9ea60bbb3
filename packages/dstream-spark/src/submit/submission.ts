import { readFileSync } from 'node:fs'

/** The name of the file by which a driver that Spark starts is told what to do. */
export const SUBMISSION = 'dstream-submission.json'

/** What a driver that Spark starts has to know beside the job. It is a file, since command lines can be read by others. */
export interface Submission {
  /** The module of the job where it was submitted. */
  readonly job: string
  readonly args: readonly string[]
  /** Variables of the environment that the driver and its executors get. */
  readonly env: Readonly<Record<string, string>>
}

export function submissionIn(file: string): Submission {
  return JSON.parse(readFileSync(file, 'utf8')) as Submission
}
