import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'

const dstream = pathToFileURL(fileURLToPath(new URL('../dist/index.js', import.meta.url))).href

/** Runs a job that prints, and ends by itself some batches after its reader has gone. */
function startJob(dir: string) {
  const file = join(dir, 'job.mjs')
  writeFileSync(
    file,
    `import { Milliseconds, StreamingContext } from '${dstream}'
    await StreamingContext.run(import.meta, { batchInterval: Milliseconds(20) }, (ssc) => {
      ssc.rateStream(100).print()
      process.once('message', () => {
        let batches = 0
        ssc.on('batchCompleted', () => ++batches === 5 && void ssc.stop({ gracefully: true }).then(() => process.disconnect()))
      })
    })`,
  )
  return spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
}

test.each(['stdout', 'stderr'] as const)('a job whose reader of %s goes away goes on', async (name) => {
  const dir = mkdtempSync(join(tmpdir(), 'dstream-pipe-'))
  const job = startJob(dir)
  const errors = name === 'stdout' ? text(job.stderr!) : Promise.resolve('')
  await once(job.stdout!, 'data')
  job[name]!.destroy()
  if (name === 'stderr') job.stdout!.destroy()
  job.send('gone')
  expect(await once(job, 'exit')).toEqual([0, null])
  if (name === 'stdout')
    expect(await errors).toBe(
      'dstream warn: print: the output is closed (EPIPE); nothing more is printed there, and the job goes on.\n',
    )
  rmSync(dir, { recursive: true })
})

test.each([
  ['an output', 'ssc.rateStream(100).foreachRDD(() => new Promise(() => begun()))'],
  [
    'a sink that opens',
    'ssc.rateStream(1).to({ open: () => new Promise(() => begun()), write() {}, lastCommitted() {} })',
  ],
])('a job that only awaits %s for ever lives on', async (_, output) => {
  const dir = mkdtempSync(join(tmpdir(), 'dstream-alive-'))
  const file = join(dir, 'job.mjs')
  writeFileSync(
    file,
    `import { Milliseconds, StreamingContext } from '${dstream}'
    // A timer that keeps no process alive: it runs only in one that something else keeps.
    const begun = () => setTimeout(() => process.exit(42), 100).unref()
    await StreamingContext.run(import.meta, { batchInterval: Milliseconds(20), stopGracefullyOnShutdown: false }, (ssc) => {
      ${output}
    })`,
  )
  expect(await once(spawn(process.execPath, [file]), 'exit')).toEqual([42, null])
  rmSync(dir, { recursive: true })
})
