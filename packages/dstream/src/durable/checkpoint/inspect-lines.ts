import type { CheckpointReport } from './inspect.js'
import { pendingTimes, type PendingOutput } from './pending-outputs.js'

/** Returns a time as both forms that the commands take. */
export function timeWords(time: number | undefined): string {
  return time === undefined ? 'none' : `${time} ms (${new Date(time).toISOString()})`
}

/** Returns the contents of a checkpoint, as lines. */
export function inspectLines(report: CheckpointReport): string[] {
  const { pending, begun, pendingOutputs, lagging, remembered, operators, warnings } = report
  return [
    `last batch     ${timeWords(report.lastCommitted)}`,
    `zero time      ${timeWords(report.zeroTime)}`,
    `interval       ${report.batchMs} ms`,
    `run again      ${pending.map((time) => begunText(time, begun.get(time))).join(', ') || 'nothing'}`,
    `outputs behind ${pendingOutputs.map(pendingText).join(', ') || 'none'}`,
    `behind         ${[...lagging].map(([id, time]) => `${id} at ${time}`).join(', ') || 'none'}`,
    `remembered     ${[...remembered].map(([id, count]) => `${count} batches of ${id}`).join(', ') || 'none'}`,
    'operators that keep something',
    ...operators.map(({ id, kind, version, derived, tables }) => {
      const keys = [...tables].map(([name, size]) => `${name}: ${size} keys`).join(', ')
      return `  ${id}  ${kind}, version ${version}${derived ? ', id derived' : ''}  ${keys}`.trimEnd()
    }),
    ...warnings.map((warning) => `warning: ${warning}`),
  ]
}

function begunText(time: number, clock: number | undefined): string {
  return clock === undefined ? `${time}` : `${time} (begun at ${new Date(clock).toISOString()})`
}

/** Returns the batches that wait for an output: one time, or the first and the last with their number. */
function pendingText(range: PendingOutput): string {
  const { output, from, until } = range
  return from === until
    ? `${output} of ${from}`
    : `${output} of ${from} to ${until} (${pendingTimes(range).length} batches)`
}
