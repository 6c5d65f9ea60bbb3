import type { Writable } from 'node:stream'
import type { OutputSpec } from '../../streams/graph/graph.js'
import type { Operator } from '../../streams/graph/operator.js'
import { escapeControl } from '../../base/text/escape.js'
import { recordForm } from '../../base/text/text-form.js'

const RULE = '-'.repeat(43)

/**
 * Prints the first `num` records of each batch, one a line, in Spark's layout: a rule of 43 dashes, `Time: <ms> ms`, the
 * rule, the records, `...` when there are more, an empty line. Evaluates no more records than are needed for that.
 */
export function print<T>(parent: Operator<T>, num: number, out: () => Writable): OutputSpec {
  return {
    kind: 'print',
    params: { num },
    parent,
    handsOutRDD: false,
    run: async (rdd, time) => {
      const records = await rdd.take(num + 1)
      const form = recordForm(rdd.node.groups)
      const shown = records.slice(0, num).map((record) => escapeControl(form(record)))
      const lines = [RULE, `Time: ${time} ms`, RULE, ...shown, ...(records.length > num ? ['...'] : []), '']
      await write(out(), lines.map((line) => `${line}\n`).join(''))
    },
  }
}

/** Waits for a slow terminal or pipe, so that the text does not pile up in memory. */
function write(out: Writable, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    out.write(text, (error) => (error ? reject(error) : resolve()))
  })
}
