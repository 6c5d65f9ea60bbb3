import type * as Threads from 'node:worker_threads'
import type { MessagePort, Transferable, Worker } from 'node:worker_threads'
import type { WorkerEnd, WorkerEvents, WorkerHandle, Workers } from '../base/ports.js'
import { runtimeHost } from './runtime-host.js'

/** The property of a thread's data that makes it a worker of this library. */
const PROPERTY = 'dstream task worker'

interface TaskWorkerData {
  readonly file: string
  readonly port: MessagePort
  /** The path of tsx, where it is to load the file. */
  readonly tsx: string | undefined
}

/** Loads a job by tsx, whose own loader registers itself in the main thread only. */
const LOAD_BY_TSX = `
const { file, tsx } = require('node:worker_threads').workerData[${JSON.stringify(PROPERTY)}]
const { pathToFileURL } = require('node:url')
require('node:module').createRequire(tsx)('tsx/cjs/api').register()
import(new URL('./esm/api/index.mjs', pathToFileURL(tsx))).then(({ register }) => {
  register()
  return import(pathToFileURL(file).href)
})`

function threads(): typeof Threads {
  return process.getBuiltinModule('node:worker_threads')
}

/** Returns how many threads of this machine can run at once. */
export function availableThreads(): number {
  return process.getBuiltinModule('node:os').availableParallelism()
}

/** Starts workers that load a job module, each in a thread. Frames go through a port of their own, not through the output. */
export function workerThreads(file: string): Workers {
  return { start: (events) => new WorkerThread(file, events) }
}

class WorkerThread implements WorkerHandle {
  readonly #worker: Worker
  readonly #port: MessagePort
  #error: unknown
  #isEnded = false

  constructor(file: string, events: WorkerEvents) {
    const { MessageChannel, Worker } = threads()
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    const tsx = tsxFor(file)
    this.#worker = new Worker(tsx === undefined ? file : LOAD_BY_TSX, {
      eval: tsx !== undefined,
      argv: process.argv.slice(2),
      workerData: { [PROPERTY]: { file, port: port2, tsx } satisfies TaskWorkerData },
      transferList: [port2],
    })
    port1.on('message', (frame: unknown) => {
      if (!this.#isEnded) events.frame(frame)
    })
    this.#worker.on('error', (error) => (this.#error = error))
    this.#worker.on('exit', (code) => {
      port1.close()
      if (this.#isEnded) return
      this.#isEnded = true
      events.ended(this.#error ?? new Error(`it has exited with code ${code}`))
    })
  }

  post(frame: unknown, moved: readonly Uint8Array[]): void {
    this.#port.postMessage(frame, buffersOf(moved))
  }

  keepAlive(keeps: boolean): void {
    for (const part of [this.#worker, this.#port]) {
      if (keeps) part.ref()
      else part.unref()
    }
  }

  async end(): Promise<void> {
    this.#isEnded = true
    await this.#worker.terminate()
  }
}

/** Returns the path of tsx for a file of TypeScript that tsx loads here, or that Node does not load by itself. */
function tsxFor(file: string): string | undefined {
  if (!/\.[cm]?tsx?$/.test(file)) return undefined
  const loaders = process.execArgv.filter((argument) => /\btsx\b/.test(argument))
  const { typescript } = process.features as { readonly typescript?: unknown }
  if (typescript && loaders.length === 0) return undefined
  for (const place of [file, ...loaders]) {
    try {
      return process.getBuiltinModule('node:module').createRequire(place).resolve('tsx')
    } catch {
      // It is not in the project; it may be where the program has it from.
    }
  }
  return undefined
}

/** Returns the file of the job where this thread or process is a worker of this library, else `undefined`. */
export function taskWorkerFile(): string | undefined {
  const { program, workerEnd } = runtimeHost()
  return workerEnd === undefined ? dataHere()?.file : program
}

/** Returns the line to the program, where this thread or process is a worker of this library. */
export function taskWorkerEnd(): WorkerEnd | undefined {
  const { workerEnd } = runtimeHost()
  if (workerEnd !== undefined) return workerEnd
  const port = dataHere()?.port
  return (
    port && {
      post: (frame, moved) => port.postMessage(frame, buffersOf(moved)),
      onFrame: (handle) => void port.on('message', handle),
    }
  )
}

function dataHere(): TaskWorkerData | undefined {
  const { isMainThread, workerData } = threads()
  if (isMainThread || typeof workerData !== 'object' || workerData === null) return undefined
  return (workerData as Record<string, TaskWorkerData | undefined>)[PROPERTY]
}

function buffersOf(moved: readonly Uint8Array[]): Transferable[] {
  return moved.map(({ buffer }) => buffer as ArrayBuffer)
}
