import { spawn, type ChildProcess } from 'node:child_process'
import { findJava } from '../src/submit/find-spark.js'
import { QUICK_JVM } from './quick-jvm.mjs'

/** A small cluster in a JVM of its own. */
interface Mini {
  readonly child: ChildProcess
  /** Resolves once it is up, and rejects with what it has printed where it ends before. */
  readonly up: Promise<void>
}

/**
 * Starts a small cluster.
 *
 * @param name of what is started, for its error
 * @param folder where it runs
 * @param args of Java
 * @param isUp looks whether it is up
 */
export function startMini(name: string, folder: string, args: readonly string[], isUp: () => boolean): Mini {
  const child = spawn(findJava({}).java, [...QUICK_JVM.split(' '), ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    cwd: folder,
  })
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  let ended = false
  child.once('close', () => (ended = true))
  const wait = async (): Promise<void> => {
    while (!isUp()) {
      if (ended) throw new Error(`${name} does not start:\n${errors}`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  return { child, up: wait() }
}

/** Ends such a cluster by a signal. Resolves when it has ended. */
export async function endMini(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
  const closed = new Promise((resolve) => child.once('close', resolve))
  child.kill(signal)
  await closed
}
