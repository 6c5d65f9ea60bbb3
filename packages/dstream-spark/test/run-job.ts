import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { findSpark } from '../src/submit/find-spark.js'
import { QUICK_JVM } from './quick-jvm.mjs'

const CLI = fileURLToPath(new URL('../bin/dstream-spark.js', import.meta.url))

// Spark's own page takes a while too.
const QUICK = [`spark.executor.extraJavaOptions=${QUICK_JVM}`, 'spark.ui.enabled=false'].flatMap((setting) => [
  '--conf',
  setting,
])

/** Returns the path of a job of the tests. */
export function jobFile(name: string): string {
  return fileURLToPath(new URL(`jobs/${name}`, import.meta.url))
}

export interface Line {
  readonly output?: string
  readonly batch?: number
  readonly time?: number
  readonly records?: readonly unknown[]
  readonly completed?: number
  readonly tasks?: readonly Tasks[]
}

export interface Tasks {
  readonly onMainThread: number
  readonly onWorkers: number
  readonly repeated: number
}

/** What a job has printed until its end. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly lines: readonly Line[]
  /** What is no line of JSON on standard output. */
  readonly printed: readonly string[]
  readonly errors: string
  /** The records of each batch by output. */
  readonly batches: Readonly<Record<string, readonly (readonly unknown[])[]>>
  readonly tasks: Tasks
}

export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
}

interface Start {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** The arguments of the job. */
  readonly args?: readonly string[]
  /** Called for each line of the job, as it comes. */
  readonly onLine?: (line: Line, child: ChildProcess) => void
}

/** Returns the lines of a job in what it has printed. The last one may not be complete yet. */
export function linesIn(text: string): readonly Line[] {
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line)
}

/** Runs a job as a program of its own: in Node alone, or by the command with the given arguments. */
export function startJob(file: string, options: readonly string[] | undefined, start: Start = {}): Running {
  const { args = [] } = start
  const behind = args.length === 0 ? [] : ['--', ...args]
  const home = (): string => findSpark({ run: () => ({ status: 1, text: '' }) }).home
  return started(
    options === undefined
      ? [file, ...args]
      : [CLI, 'run', file, '--spark-home', home(), ...QUICK, ...options, ...behind],
    start,
  )
}

/** Runs the command. */
export function startCommand(args: readonly string[], start: Start = {}): Running {
  return started([CLI, ...args], start)
}

function started(args: readonly string[], { env, cwd, onLine }: Start): Running {
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, SPARK_SUBMIT_OPTS: QUICK_JVM, ...env },
    cwd,
  })
  running.add(child)
  child.once('close', () => running.delete(child))
  const lines: Line[] = []
  const printed: string[] = []
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const reader = createInterface({ input: child.stdout })
  reader.on('line', (text) => {
    if (!text.startsWith('{')) return void printed.push(text)
    const line = JSON.parse(text) as Line
    lines.push(line)
    onLine?.(line, child)
  })
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal, lines, printed, errors, ...sorted(lines) }))
  })
  return { child, ended }
}

function sorted(lines: readonly Line[]): Pick<Ended, 'batches' | 'tasks'> {
  const batches: Record<string, (readonly unknown[])[]> = {}
  for (const { output, records } of lines) if (output !== undefined) (batches[output] ??= []).push(records!)
  const all = lines.flatMap(({ tasks = [] }) => tasks)
  const sum = (name: keyof Tasks): number => all.reduce((total, some) => total + some[name], 0)
  return {
    batches,
    tasks: { onMainThread: sum('onMainThread'), onWorkers: sum('onWorkers'), repeated: sum('repeated') },
  }
}

/** @throws with all that a job has logged, where it has not ended well */
export function mustBeWell({ code, signal, errors }: Ended): void {
  if (code !== 0) throw new Error(`The job has ended with ${signal ?? code}:\n${errors}`)
}

const running = new Set<ChildProcess>()

/** Ends what a test has left: one that fails leaves its job running. */
export function endJobs(): void {
  for (const child of running) child.kill('SIGKILL')
}
