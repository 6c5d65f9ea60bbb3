import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, afterEach, expect, test } from 'vitest'
import { findSpark } from '../src/find-spark.js'
import { endJobs, jobFile, startCommand, startJob } from './run-job.js'

const folder = mkdtempSync(join(tmpdir(), 'dstream-standalone-'))
const servers: ChildProcess[] = []
afterEach(endJobs)
afterAll(() => {
  for (const server of servers) server.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
})

const { home } = findSpark({ run: () => ({ status: 1, text: '' }) })

/** Starts a daemon of standalone Spark, and resolves to what a line of its log says. */
async function daemon(name: string, args: readonly string[], word: RegExp): Promise<string> {
  const child = spawn(
    join(home, 'bin/spark-class'),
    [`org.apache.spark.deploy.${name}`, '--host', '127.0.0.1', ...args],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, SPARK_LOCAL_IP: '127.0.0.1', SPARK_WORKER_DIR: folder, SPARK_NO_DAEMONIZE: '1' },
    },
  )
  servers.push(child)
  for await (const line of createInterface({ input: child.stderr })) {
    const [, found] = word.exec(line) ?? []
    if (found !== undefined) {
      child.stderr.resume()
      return found
    }
  }
  throw new Error(`${name} has ended before it was up`)
}

test('a job runs on a standalone master and worker on loopback', async () => {
  const master = await daemon('master.Master', ['--port', '0', '--webui-port', '0'], /Starting Spark master at (\S+)/)
  await daemon(
    'worker.Worker',
    ['--cores', '2', '--memory', '1g', '--webui-port', '0', master],
    /(Successfully registered)/,
  )
  const here = await startJob(jobFile('slow.mjs'), undefined).ended
  const conf = ['spark.driver.host=127.0.0.1', 'spark.executor.memory=512m'].flatMap((setting) => ['--conf', setting])
  const submit = ['submit', jobFile('slow.mjs'), '--spark-home', home, '--master', master, ...conf]
  const there = await startCommand(submit).ended
  expect({ code: there.code, errors: there.errors }).toMatchObject({ code: 0 })
  expect(there.errors).toContain(`runs on Spark`)
  expect(there.batches).toEqual(here.batches)
  expect(there.tasks).toMatchObject({ onMainThread: 0, repeated: 0 })

  const doctor = await startCommand(['doctor', '--spark-home', home, '--master', master, ...conf]).ended
  expect(doctor.code).toBe(0)
  expect(doctor.printed.at(-1)).toMatch(/: one stage there and back takes [\d.]+ ms\. All is well\.$/)
})
