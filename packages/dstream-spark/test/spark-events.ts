import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Returns the options with which Spark logs its events to a folder. */
export function eventLog(folder: string): readonly string[] {
  const settings = ['enabled=true', 'compress=false', `dir=file://${folder}`]
  return settings.flatMap((setting) => ['--conf', `spark.eventLog.${setting}`])
}

/** An event of Spark, as its log has it. The names are Spark's. */
export interface SparkEvent {
  readonly Event: string
  readonly [name: string]: unknown
}

/** Returns the events of one kind that a folder has, once the application has ended. */
export function eventsIn(folder: string, kind: string): readonly SparkEvent[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return files
    .flatMap((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8').split('\n'))
    .filter((line) => line.includes(`"SparkListener${kind}"`))
    .map((line) => JSON.parse(line) as SparkEvent)
}
