import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { Seconds, Time, type DStream } from 'dstream'
import type { Storage } from 'dstream/storage'
import { TestContext } from 'dstream/testing'

// For the tests of what a checkpoint refuses: a job, a directory, and what lies in it.

export type Source = (words: DStream<string>) => void

export const rows = [['a', 'b', 'a'], ['b'], ['a']]
export function ones(words: DStream<string>): DStream<[string, number]> {
  return words.mapToPair((word) => [word, 1])
}
export function add(values: number[], old = 0): number {
  return values.reduce((a, b) => a + b, old)
}

export const job: Source = (words) => ones(words).updateStateByKey(add).uid('counts').print()
/** A directory that is gone when the test is. */
export async function directory(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'dstream-refusals-'))
  onTestFinished(() => rm(dir, { recursive: true }))
  return dir
}

export function contextOf(
  source: Source,
  storage: Storage,
  startTime = 0,
  input: readonly string[][] = rows,
): TestContext {
  const t = new TestContext({ batchInterval: Seconds(1), storage, startTime: new Time(startTime) })
  source(t.input(input))
  return t
}

/** Everything in a directory but the lock, whose file says who was there last. */
export async function contents(dir: string): Promise<Record<string, string>> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile() && !entry.name.startsWith('lock.'))
  const paths = files.map((file) => join(file.parentPath, file.name)).sort()
  return Object.fromEntries(await Promise.all(paths.map(async (path) => [path, await readFile(path, 'hex')] as const)))
}
