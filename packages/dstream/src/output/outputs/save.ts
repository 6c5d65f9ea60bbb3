import type { OutputSpec } from '../../streams/graph/output.js'
import type { Operator } from '../../streams/graph/operator.js'

/** Returns `prefix-TIME.suffix`; an empty part is left out with its `-` or `.` (reference: `StreamingContext.rddToFileName`). */
export function batchPath(prefix: string, time: number, suffix: string): string {
  return `${prefix === '' ? '' : `${prefix}-`}${time}${suffix === '' ? '' : `.${suffix}`}`
}

/**
 * Writes one directory per batch, `prefix-TIME.suffix`, with a file per partition, also for an empty batch. A directory
 * appears as a whole or not at all. A batch that is run again writes the same directory, so the result is as if each batch
 * had run once.
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

/** The same in dstream's own binary format. `sc.objectFile` reads equal records back. */
export function saveAsObjectFiles<T>(parent: Operator<T>, prefix: string, suffix: string): OutputSpec {
  return {
    kind: 'saveAsObjectFiles',
    params: { prefix, suffix },
    parent,
    handsOutRDD: false,
    run: (rdd, time) => rdd.saveAsObjectFile(batchPath(prefix, time, suffix)),
  }
}
