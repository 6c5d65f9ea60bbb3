import type { SavedForm } from '../../base/ports.js'
import { isUri } from '../../base/uri.js'
import type { RDDContext } from '../../rdd/rdd-context.js'
import type { OutputSpec } from '../../streams/graph/output.js'
import type { Operator } from '../../streams/graph/operator.js'

/** Returns `prefix-TIME.suffix`; an empty part is left out with its `-` or `.` (reference: `StreamingContext.rddToFileName`). */
export function batchPath(prefix: string, time: number, suffix: string): string {
  return `${prefix === '' ? '' : `${prefix}-`}${time}${suffix === '' ? '' : `.${suffix}`}`
}

/**
 * Writes one directory per batch, `prefix-TIME.suffix`, with a file per partition, also for an empty batch. A directory
 * appears as a whole or not at all. A batch that is run again writes the same directory, so the result is as if each batch
 * had run once. Directories of an earlier run stay: new batches have later times than they. The parts of directories at a URI
 * are written where their records are.
 */
export function saveAsTextFiles<T>(parent: Operator<T>, prefix: string, suffix: string, sc: RDDContext): OutputSpec {
  return saving('saveAsTextFiles', parent, { prefix, suffix }, sc, 'text')
}

/** The same in dstream's own binary format. `sc.objectFile` reads equal records back. */
export function saveAsObjectFiles<T>(parent: Operator<T>, prefix: string, suffix: string, sc: RDDContext): OutputSpec {
  return saving('saveAsObjectFiles', parent, { prefix, suffix }, sc, 'objects')
}

function saving<T>(
  kind: string,
  parent: Operator<T>,
  params: { readonly prefix: string; readonly suffix: string },
  sc: RDDContext,
  form: SavedForm,
): OutputSpec {
  const { prefix, suffix } = params
  let last: number | undefined
  return {
    kind,
    params,
    parent,
    handsOutRDD: false,
    ...(isUri(prefix) ? { byPartition: 'parts' } : { staysSince: 'its path is one of this machine' }),
    open: async () => {
      const [before, after] = [prefix === '' ? '' : `${prefix}-`, suffix === '' ? '' : `.${suffix}`]
      const times = (await sc.runtime.files?.numbered(before, after)) ?? []
      last = times.reduce<number | undefined>((latest, time) => Math.max(latest ?? time, time), undefined)
    },
    lastCommitted: () => last,
    run: (rdd, time, attempt) => rdd.saveAs(form, batchPath(prefix, time, suffix), () => attempt.signal),
  }
}
