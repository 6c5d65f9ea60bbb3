import { exportState, inspectCheckpoint, verifyFiles } from '../checkpoint/inspect.js'
import { fileStorage } from '../storage/index.js'
import { jsonForm } from '../text/text-form.js'

const usage = `dstream: looks into checkpoint directories.

  dstream checkpoint inspect <directory>   operators, keys, the last batch, what would be run again
  dstream checkpoint verify <directory>    reads every frame and checks its sums
  dstream checkpoint export <directory> <id>   the state of one operator as lines of JSON
  dstream --help

All only read; a job that uses the directory goes on undisturbed.
`

const shown = (time: number | undefined): string =>
  time === undefined ? 'none' : `${time} ms (${new Date(time).toISOString()})`

/** Everything a directory holds, as lines. */
const inspect = async (directory: string): Promise<string[]> => {
  const report = await inspectCheckpoint(fileStorage(directory))
  if (report === undefined) return [`${directory} holds no checkpoint.`]
  const { pending, failed, held, remembered, operators, warnings } = report
  return [
    `last batch     ${shown(report.lastCommitted)}`,
    `zero time      ${shown(report.zeroTime)}`,
    `interval       ${report.batchMs} ms`,
    `run again      ${pending.map(String).join(', ') || 'nothing'}`,
    `owed outputs   ${failed.map(({ output, time }) => `${output} of ${time}`).join(', ') || 'none'}`,
    `behind         ${[...held].map(([id, time]) => `${id} at ${time}`).join(', ') || 'none'}`,
    `remembered     ${[...remembered].map(([id, count]) => `${count} batches of ${id}`).join(', ') || 'none'}`,
    'operators that keep something',
    ...operators.map(({ id, kind, version, derived, tables }) => {
      const keys = [...tables].map(([name, size]) => `${name}: ${size} keys`).join(', ')
      return `  ${id}  ${kind}, version ${version}${derived ? ', id derived' : ''}  ${keys}`
    }),
    ...warnings.map((warning) => `warning: ${warning}`),
  ]
}

/** Every file, good or not. @throws when one is damaged, after all have been read */
const verify = async (directory: string): Promise<string[]> => {
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

/** The state of one operator as lines of JSON. */
const exported = async (directory: string, id = ''): Promise<string[]> => {
  const entries = await exportState(fileStorage(directory), id)
  if (entries === undefined)
    throw new Error(`${directory} holds nothing for ${JSON.stringify(id)}; inspect names the operators`)
  return entries.map(jsonForm)
}

const commands: Readonly<Record<string, (directory: string, id?: string) => Promise<string[]>>> = {
  inspect,
  verify,
  export: exported,
}

/** Runs the command line; resolves with the exit code. */
const main = async (args: readonly string[]): Promise<number> => {
  const [noun, verb = '', directory, id] = args
  if (noun === undefined || noun === '--help' || noun === '-h') {
    process.stdout.write(usage)
    return noun === undefined ? 2 : 0
  }
  const command = noun === 'checkpoint' ? commands[verb] : undefined
  if (command === undefined || directory === undefined) {
    process.stderr.write(`dstream: "${args.join(' ')}" is no command of dstream.\n\n${usage}`)
    return 2
  }
  try {
    process.stdout.write(`${(await command(directory, id)).join('\n')}\n`)
    return 0
  } catch (error) {
    process.stderr.write(`dstream: ${error instanceof Error ? error.message : String(error)}\n`)
    return 1
  }
}

process.exitCode = await main(process.argv.slice(2))
