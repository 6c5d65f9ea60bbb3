import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { messageOf } from '../base/errors/error-text.js'
import { timeWords } from '../durable/checkpoint/inspect-lines.js'
import { exportState, inspectCheckpoint, verifyFiles } from '../durable/checkpoint/inspect.js'
import { planWords } from '../durable/checkpoint/plan-words.js'
import { skipPending } from '../durable/checkpoint/skip-pending.js'
import { isUri } from '../base/uri.js'
import { fileStorage } from '../platform/files/file-storage.js'
import { mustBeDirectory } from '../platform/files/must-be-directory.js'
import { inspectPlace } from '../platform/inspect-place.js'
import { escapeControl } from '../base/text/escape.js'
import { jsonForm } from '../base/text/text-form.js'
import { planJob } from './plan-job.js'

const USAGE = `dstream: looks into checkpoint directories.

  dstream checkpoint inspect <directory>   operators, keys, the last batch, what would be run again
  dstream checkpoint verify <directory>    reads every frame and checks its sums
  dstream checkpoint plan <directory> <job>   what a start of this job would keep, migrate, drop and begin
  dstream checkpoint export <directory> <id>   the state of one operator as lines of JSON
  dstream checkpoint skip <directory> <output> <time>   gives up a batch that waits for an output
  dstream --help

A job may be TypeScript where its project has tsx, or where Node strips types.
A time is in milliseconds, as inspect prints it, or in ISO form.
All but skip only read; a job that uses the directory goes on undisturbed. skip needs the job to be stopped.
`

/** Returns a line for every file, good or not. @throws after all files have been read, when one is damaged */
async function verify(directory: string): Promise<string[]> {
  const reports = await verifyFiles(fileStorage(directory))
  const lines = reports.map(({ file, bytes, frames, torn, problem }) => {
    const tail = torn === 0 ? '' : `, ${torn} bytes at its end were cut by a crash`
    return problem === undefined
      ? `good     ${file}: ${frames} frames, ${bytes} bytes${tail}`
      : `damaged  ${problem.message}`
  })
  if (reports.some(({ problem }) => problem !== undefined)) throw new Error(`\n${lines.join('\n')}`)
  return [...lines, `${reports.length} files are good.`]
}

/**
 * Returns the state of one operator as lines of JSON. They are made one at a time, since all of them could exceed the
 * length of a string.
 */
async function exported(directory: string, id: string): Promise<Iterable<string>> {
  const storage = fileStorage(directory)
  const entries = await exportState(storage, id)
  if (entries === undefined && (await inspectCheckpoint(storage)) === undefined)
    throw new Error(`${directory} holds no checkpoint.`)
  if (entries === undefined)
    throw new Error(`${directory} holds nothing for ${JSON.stringify(id)}; inspect names the operators`)
  return (function* () {
    for (const entry of entries) yield jsonForm(entry)
  })()
}

/** Returns what a start of the job would do. @throws when the start would refuse */
async function plan(directory: string, job: string): Promise<string[]> {
  const matched = await planJob(fileStorage(directory), job)
  if (matched.refusal !== undefined) throw new Error(`start would refuse: ${matched.refusal}`)
  return Object.entries(planWords(matched)).map(
    ([word, ids]: [string, readonly string[]]) => `${word.padEnd(10)} ${ids.join(', ') || 'nothing'}`,
  )
}

/** Drops one batch that waits for an output. @throws when it does not wait, or when a job uses the directory */
async function skip(directory: string, output: string, at: string): Promise<string[]> {
  const time = /^-?\d+$/.test(at) ? Number(at) : Date.parse(at)
  if (Number.isNaN(time)) throw new Error(`"${at}" is no time; give it in milliseconds, as inspect prints it.`)
  const left = await skipPending(fileStorage(directory), output, time)
  return [`The batch of ${timeWords(time)} is given up for "${output}"; ${left} batches still wait for it.`]
}

interface Command {
  /** The names of the arguments, in order. */
  readonly takes: readonly string[]
  readonly run: (directory: string, ...more: string[]) => Promise<Iterable<string>>
}

const commands: Readonly<Record<string, Command>> = {
  inspect: { takes: ['<directory>'], run: inspectPlace },
  verify: { takes: ['<directory>'], run: verify },
  plan: { takes: ['<directory>', '<job>'], run: plan },
  export: { takes: ['<directory>', '<id>'], run: exported },
  skip: { takes: ['<directory>', '<output>', '<time>'], run: skip },
}

/** Writes lines as fast as they are read. A reader that closes early, as `head` does, is no failure. */
async function print(lines: Iterable<string>): Promise<void> {
  const text = (function* () {
    for (const line of lines) yield `${line}\n`
  })()
  await pipeline(Readable.from(text), process.stdout, { end: false }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
  })
}

/** Runs the command line. Resolves to the exit code: 0, 1 for a failed command, 2 for a wrong command line. */
async function main(args: readonly string[]): Promise<number> {
  let parsed
  try {
    parsed = parseArgs({ args: [...args], options: { help: { type: 'boolean', short: 'h' } }, allowPositionals: true })
  } catch (error) {
    return misused(`${(error as Error).message}\n\n${USAGE}`)
  }
  const [noun, verb = '', ...given] = parsed.positionals
  if (noun === undefined || parsed.values.help === true) {
    process.stdout.write(USAGE)
    return parsed.values.help === true ? 0 : 2
  }
  const command = noun === 'checkpoint' && Object.hasOwn(commands, verb) ? commands[verb] : undefined
  if (command === undefined) return misused(`"${args.join(' ')}" is no command of dstream.\n\n${USAGE}`)
  const { takes, run } = command
  if (given.length !== takes.length) {
    return misused(`checkpoint ${verb} takes ${takes.join(' ')}, not "${given.join(' ')}".\n`)
  }
  try {
    const [directory, ...more] = given as [string, ...string[]]
    if (isUri(directory)) throw new Error(`${directory} is a URI, which npx dstream-spark inspect ${directory} reads.`)
    await mustBeDirectory(directory)
    await print(await run(directory, ...more))
    return 0
  } catch (error) {
    process.stderr.write(`dstream: ${escapeControl(messageOf(error))}\n`)
    return 1
  }
}

function misused(message: string): number {
  process.stderr.write(`dstream: ${message}`)
  return 2
}

process.exitCode = await main(process.argv.slice(2))
// The graph of a job may have opened handles, which must not keep this process running.
process.stdout.write('', () => process.exit())
