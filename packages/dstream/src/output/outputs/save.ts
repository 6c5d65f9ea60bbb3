import type { OutputSpec } from '../../streams/graph/graph.js'
import type { Operator } from '../../streams/graph/operator.js'

/** `prefix-TIME.suffix`; a part that is empty goes with its mark (reference: `StreamingContext.rddToFileName`). */
export function batchPath(prefix: string, time: number, suffix: string): string {
  return `${prefix === '' ? '' : `${prefix}-`}${time}${suffix === '' ? '' : `.${suffix}`}`
}

/**
 * One directory per batch, `prefix-TIME.suffix`, with a file per partition; for empty batches too. A directory appears
 * whole or not at all, and a batch that is run again writes the same one: the result is as if each batch had run once.
 */
export function saveAsTextFiles<T>(parent: Operator<T>, prefix: string, suffix: string): OutputSpec {
  return {
    kind: 'saveAsTextFiles',
    params: { prefix, suffix },
    parent,
    handsOutRDD: false,
    run: (rdd, time) => rdd.saveAsTextFile(batchPath(prefix, time, suffix)),
  }
}

/** The same in dstream's own binary form, which `sc.objectFile` reads back equal. */
export function saveAsObjectFiles<T>(parent: Operator<T>, prefix: string, suffix: string): OutputSpec {
  return {
    kind: 'saveAsObjectFiles',
    params: { prefix, suffix },
    parent,
    handsOutRDD: false,
    run: (rdd, time) => rdd.saveAsObjectFile(batchPath(prefix, time, suffix)),
  }
}
