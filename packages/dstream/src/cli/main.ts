import { readCommits } from '../checkpoint/open-checkpoint.js'
import { DStreamError } from '../errors/base.js'
import { readJournal } from '../journal/open-journal.js'
import { fileStorage } from '../storage/index.js'

const usage = `dstream: looks into checkpoint directories.

  dstream checkpoint inspect <directory>   operators, keys, the last batch, what would be run again
  dstream checkpoint verify <directory>    reads every frame and checks its sums
  dstream --help

Both only read; a job that uses the directory goes on undisturbed.
`

const shown = (time: number | undefined): string =>
  time === undefined ? 'none' : `${time} ms (${new Date(time).toISOString()})`

/** Everything a directory holds, as lines. */
const inspect = async (directory: string): Promise<string[]> => {
  const storage = fileStorage(directory)
  const warnings: string[] = []
  const { state, segments } = await readCommits(storage, warnings)
  const journal = await readJournal(storage)
  if (segments.length === 0 && journal.entries.length === 0) return [`${directory} holds no checkpoint.`]
  const committed = state.lastCommitted ?? -Infinity
  const begun = journal.entries.flatMap(({ entry }) =>
    entry.type === 'batch' && entry.time > committed ? [entry.time] : [],
  )
  const keysOf = (id: string): string =>
    [...(state.tables.get(id) ?? [])].map(([name, table]) => `${name}: ${table.size} keys`).join(', ')
  return [
    `last batch     ${shown(state.lastCommitted)}`,
    `zero time      ${shown(state.zeroTime)}`,
    `interval       ${state.batchMs} ms`,
    `run again      ${begun.length === 0 ? 'nothing' : begun.map(String).join(', ')}`,
    `owed outputs   ${state.failed.map(({ output, time }) => `${output} of ${time}`).join(', ') || 'none'}`,
    `remembered     ${state.remembered.length} batches of ${new Set(state.remembered.map(({ operator }) => operator)).size} operators`,
    'operators with state',
    ...state.operators
      .filter(({ tables }) => tables.length > 0)
      .map(
        ({ id, kind, version, derived }) =>
          `  ${id}  ${kind}, version ${version}${derived ? ', id derived' : ''}  ${keysOf(id)}`,
      ),
    ...warnings.map((warning) => `warning: ${warning}`),
  ]
}

const verify = async (directory: string): Promise<string[]> => {
  const storage = fileStorage(directory)
  const warnings: string[] = []
  const { segments } = await readCommits(storage, warnings)
  const journal = await readJournal(storage)
  const frames = segments.reduce((sum, segment) => sum + segment.frames.length, 0)
  return [
    ...warnings.map((warning) => `warning: ${warning}`),
    `${frames} frames of commits and ${journal.entries.length} of the journal are good.`,
  ]
}

const commands: Readonly<Record<string, (directory: string) => Promise<string[]>>> = { inspect, verify }

/** Runs the command line; resolves with the exit code. */
const main = async (args: readonly string[]): Promise<number> => {
  const [noun, verb = '', directory] = args
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
    process.stdout.write(`${(await command(directory)).join('\n')}\n`)
    return 0
  } catch (error) {
    process.stderr.write(`dstream: ${error instanceof DStreamError ? error.message : String(error)}\n`)
    return 1
  }
}

process.exitCode = await main(process.argv.slice(2))
