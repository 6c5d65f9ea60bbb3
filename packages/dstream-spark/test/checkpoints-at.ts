import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { SparkFiles } from '../src/runner/spark-files.js'
import { BATCHES, embeddedLife, JOB, resultsOf, sparkLife } from './lives.js'
import { type Ended, startCommand, startJob } from './run-job.js'
import { optionsOf, type Store } from './stores.js'

/** Where checkpoints are tested. */
export interface CheckpointsAt {
  readonly store: Store
  /** The file systems of Spark with the settings of the store. */
  readonly files: SparkFiles
  /** A folder of this machine. */
  readonly folder: string
  /** Resolves to the results of a run that nothing disturbs. */
  readonly whole: () => Promise<readonly unknown[]>
}

/** The line with which `inspect` says how far a checkpoint has come. */
export const LAST_BATCH = expect.stringMatching(/^last batch {5}\d+ ms \(/) as string

/** What holds for a checkpoint at any store. It is started before. */
export function checkpointsAt({ store, files, folder, whole }: CheckpointsAt): void {
  let count = 0
  const newPlace = (): string => `${store.uri}/deep/checkpoint-${++count}`
  const newFolder = (): string => join(folder, `embedded-${new URL(store.uri).protocol.slice(0, -1)}-${++count}`)
  const life = (uri: string, batches: number, killAfter?: number): Promise<Ended> =>
    sparkLife(uri, folder, { store, batches, ...(killAfter !== undefined && { killAfter }) })
  const command = (...args: readonly string[]): Promise<Ended> => startCommand([...args, ...optionsOf(store)]).ended
  /** Returns the contents of the log by name. */
  const entriesOf = async (uri: string): Promise<ReadonlyMap<string, string>> => {
    const objects = files.objects(uri)
    const names = (await objects.list('log')).sort()
    return new Map(
      await Promise.all(
        names.map(
          async (name) => [name, Buffer.from((await objects.read(`log/${name}`))!).toString('base64')] as const,
        ),
      ),
    )
  }

  test('a driver that is killed goes on elsewhere from the URI, and nothing is lost', async () => {
    const uri = newPlace()
    const lives: Ended[] = []
    for (const killAfter of [3, 4]) lives.push(await life(uri, 1000, killAfter))
    lives.push(await life(uri, BATCHES))
    expect(lives.map(({ code, signal }) => signal ?? code)).toEqual(['SIGKILL', 'SIGKILL', 0])
    expect(resultsOf(lives)).toEqual(await whole())
    // What the killed ones have left half made is gone, and so are their signs of life.
    const objects = files.objects(uri)
    expect([await objects.list('tmp'), await objects.list('beat')]).toEqual([[], []])
  })

  test('of two drivers the one that slept ends with an error, and commits nothing more', async () => {
    const uri = newPlace()
    let sleep!: () => void
    const asleep = new Promise<void>((resolve) => (sleep = resolve))
    const first = startJob(JOB, ['--master', 'local[2]', ...optionsOf(store)], {
      env: { CHECKPOINT: uri, BATCHES: '1000' },
      onLine: ({ completed }, child) => {
        if (completed !== 4) return
        child.kill('SIGSTOP')
        sleep()
      },
    })
    await asleep
    const second = await life(uri, BATCHES)
    expect(second.errors).toMatch(
      /is locked by process \d+ on host .*, which may be dead: the lock is watched for 20 s/,
    )
    expect({ code: second.code, errors: second.errors }).toMatchObject({ code: 0 })
    const before = await entriesOf(uri)
    first.child.kill('SIGCONT')
    const { code, errors, ...one } = await first.ended
    expect(code).toBe(1)
    expect(errors).toMatch(/another process has taken this directory over/)
    expect(await entriesOf(uri)).toEqual(before)
    expect(resultsOf([{ code, errors, ...one }, second])).toEqual(await whole())
  })

  test('while a driver lives, a second one is refused, and so is adopt; inspect reads', async () => {
    const uri = newPlace()
    const { child, ended, others } = await new Promise<
      ReturnType<typeof startJob> & { readonly others: Promise<readonly [Ended, Ended, Ended]> }
    >((resolve) => {
      const first = startJob(JOB, ['--master', 'local[2]', ...optionsOf(store)], {
        env: { CHECKPOINT: uri, BATCHES: '100000' },
        onLine: ({ completed }) => {
          if (completed !== 2) return
          const others = Promise.all([command('inspect', uri), life(uri, 1), command('adopt', uri, newFolder())])
          resolve({ ...first, others })
        },
      })
    })
    const [inspected, ...refused] = await others
    for (const { code, errors } of refused) {
      expect(code).toBe(1)
      expect(errors).toMatch(/is in use by process \d+ on host/)
    }
    expect(inspected).toMatchObject({ code: 0, errors: '', printed: expect.arrayContaining([LAST_BATCH]) })
    child.kill('SIGTERM')
    expect((await ended).code).toBe(0)
  })

  test('a checkpoint of which an object is damaged is refused, and is not changed', async () => {
    const uri = newPlace()
    await life(uri, 3)
    const objects = files.objects(uri)
    const last = `log/${(await objects.list('log')).sort().at(-1)!}`
    const bytes = (await objects.read(last))!
    await objects.delete(last)
    expect(await objects.create(last, bytes.subarray(0, 40))).toBe(true)
    const before = await entriesOf(uri)
    const { code, errors } = await life(uri, 3)
    expect(code).toBe(1)
    expect(errors).toContain(`The checkpoint is damaged: ${last}`)
    expect(await entriesOf(uri)).toEqual(before)
  })

  test('adopt takes a checkpoint of one process to the URI and back, and nothing is lost', async () => {
    const [first, uri, last] = [newFolder(), newPlace(), newFolder()]
    const lives = [await embeddedLife(first, 4)]
    const there = await command('adopt', first, uri)
    expect({ code: there.code, errors: there.errors }).toMatchObject({ code: 0 })
    expect(there.printed.join('\n')).toMatch(
      /^Copied \d+ files, \d+ bytes, from .* to \w+:.*: .*journal \d+.*commits \d+\.\nThe last batch is that of .*; operators that keep something: .*runningReduceByKey#1.*\n.* is as it was\./,
    )
    lives.push(await life(uri, 3, 3), await life(uri, 2))
    const back = await command('adopt', uri, last)
    expect({ code: back.code, errors: back.errors }).toMatchObject({ code: 0 })
    lives.push(await embeddedLife(last, BATCHES))
    expect(resultsOf(lives)).toEqual(await whole())
  })
}
