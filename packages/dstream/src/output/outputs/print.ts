import type { Writable } from 'node:stream'
import type { OutputSpec } from '../../streams/graph/output.js'
import type { Operator } from '../../streams/graph/operator.js'
import { settledRecord } from '../../base/promises.js'
import { escapeControl } from '../../base/text/escape.js'
import { recordForm } from '../../base/text/text-form.js'

const RULE = '-'.repeat(43)

/**
 * Prints the first `num` records of each batch, one a line, in Spark's layout: a rule of 43 dashes, `Time: <ms> ms`, the
 * rule, the records, `...` when there are more, an empty line. Evaluates no more records than are needed for that. Once the
 * reader of `out` has gone, as `head` does, nothing more is printed and the job goes on; other failures fail the output.
 *
 * @param warn told once when the reader has gone
 * @param shown receives the records of each batch as text, without control characters
 */
export function print<T>(
  parent: Operator<T>,
  num: number,
  out: () => Writable,
  warn: (line: string) => void,
  shown: (time: number, lines: readonly string[]) => void = () => undefined,
): OutputSpec {
  return {
    kind: 'print',
    params: { num },
    parent,
    handsOutRDD: false,
    run: async (rdd, time) => {
      const records = await rdd.take(num + 1)
      const form = recordForm(rdd.node.groups)
      const texts = records.slice(0, num).map((record) => escapeControl(form(settledRecord('print', record))))
      if (records.length > num) texts.push('...')
      shown(time, texts)
      const lines = [RULE, `Time: ${time} ms`, RULE, ...texts, '']
      await write(out(), lines.map((line) => `${line}\n`).join(''), warn)
    },
  }
}

/** Streams whose 'error' events are heard here: without a handler they would end the process. */
const handled = new WeakSet<Writable>()
/** Streams whose readers have gone. */
const closed = new WeakSet<Writable>()

/** The errors of a stream or socket that nobody reads any more. */
const gone = ['EPIPE', 'ECONNRESET', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END']

/** Waits for a slow terminal or pipe, so that the text does not pile up in memory. */
async function write(out: Writable, text: string, warn: (line: string) => void): Promise<void> {
  if (closed.has(out)) return
  if (!handled.has(out)) {
    handled.add(out)
    // The callback of the write has the same error, and fails the output.
    out.on('error', () => undefined)
  }
  const failure = await new Promise<Error | undefined>((resolve) => {
    out.write(text, (error) => resolve(error ?? undefined))
  })
  if (failure === undefined) return
  // A stream that an error has destroyed has failed, however late the write comes.
  const error: NodeJS.ErrnoException = out.errored ?? failure
  if (!gone.includes(error.code ?? '')) throw error
  closed.add(out)
  warn(`print: the output is closed (${error.code}); nothing more is printed there, and the job goes on.`)
}
